// What a wire format is: how one kind of client sends an event, and the answer it expects.
import type { Route } from "../../http/route.ts";
import type { DropReason } from "../drop_reasons.ts";
import type { Checked, Payload } from "../payload.ts";

/** An event as it came in: the whole body, empty for GET, and the query string. */
export interface WireRequest {
  readonly body: Uint8Array;
  readonly query: URLSearchParams;
}

/** One format: its route, its reader and its writer. */
export interface WireFormat {
  readonly method: Extract<Route["method"], "GET" | "POST">;
  readonly path: string;
  /** The event, or the fault that refuses it. Never throws. */
  readonly read: (request: WireRequest) => Checked<Payload>;
  /** The answer to an event that is stored, or dropped without a refusal. */
  readonly write: (dropped: DropReason | null) => Response;
}
