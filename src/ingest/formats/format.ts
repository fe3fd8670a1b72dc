// What a wire format is: how one kind of client sends an event, and the answer it expects.
import type { Route } from "../../http/route.ts";
import type { DropReason } from "../drop_reasons.ts";
import type { Notice } from "../fields/notices.ts";
import type { Checked, Payload } from "../payload.ts";

/** An event as it came in: the whole body, empty for GET, and the query string. */
export interface WireRequest {
  readonly body: Uint8Array;
  readonly query: URLSearchParams;
}

/** What became of an event that is not refused. */
export interface Taken {
  /** Why it is not stored; null when it is. */
  readonly dropped: DropReason | null;
  /** What was dropped or cut of an event that is stored. */
  readonly notices: readonly Notice[];
}

/** One format: its route, its reader and its writer. */
export interface WireFormat {
  readonly method: Extract<Route["method"], "GET" | "POST">;
  readonly path: string;
  /** The event, or the fault that refuses it. Never throws. */
  readonly read: (request: WireRequest) => Checked<Payload>;
  /** The answer to an event that is stored, or dropped without a refusal. */
  readonly write: (taken: Taken) => Response;
}
