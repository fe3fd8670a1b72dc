// What a wire format is: how one kind of client sends events, and the answer it expects.
import type { Right } from "../../core/access.ts";
import type { Event } from "../../core/event.ts";
import { AppError, ERRORS } from "../../core/errors.ts";
import type { ErrorBody, ErrorFacts, Route } from "../../http/route.ts";
import { type DropReason, DROPS } from "../drop_reasons.ts";
import type { Place } from "../enrich/geoip.ts";
import type { Notice } from "../fields/notices.ts";
import type { Payload, PayloadFault } from "../payload.ts";

/** Events as they came in: the whole body, empty for GET, and what else the request says. */
export interface WireRequest {
  readonly body: Uint8Array;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  /** The client's, for an answer to the client itself. */
  readonly address: string;
}

/** The visitor of whom a program speaks. */
export interface Visitor {
  readonly address?: string;
  readonly userAgent?: string;
  /** Where it was, instead of what its address says. */
  readonly place?: Place;
  /** The event is to stand alone: whose it is is not asked. */
  readonly isAlone?: boolean;
}

/** An event of a request. */
export interface SentEvent {
  readonly payload: Payload;
  /** Where the protocol says who the visitor is. */
  readonly visitor?: Visitor;
  /** When it was, if in the past; needs the right to change anything. */
  readonly atMs?: number;
}

/** What became of an event. */
export interface Taken {
  /** Why it is not stored; null when it is. */
  readonly dropped: DropReason | null;
  /** When a rate limit accepts the next one. */
  readonly retrySecs?: number;
  /** What was dropped or cut of an event that is stored. */
  readonly notices: readonly Notice[];
  /** As it is stored. */
  readonly event?: Event;
}

/** The events of a request, and the answer to what became of each. */
export interface Received {
  readonly events: readonly SentEvent[];
  /** Throws AppError where the request is refused. */
  readonly write: (taken: readonly Taken[]) => Response;
  /** Whether the answer to a stored event without notices is 202 and nothing else. */
  readonly isTerse?: true;
}

/** What a request says: events, why it is refused, or a question that is answered at once. */
export type Reading = Received | { readonly fault: PayloadFault } | { readonly response: Response };

/** One format: its route and its reader. */
export interface WireFormat {
  readonly method: Extract<Route["method"], "GET" | "POST">;
  readonly path: string;
  /** `ingest` when missing. */
  readonly right?: Extract<Right, "admin">;
  /** How the peer's errors look; as any others when missing. */
  readonly errorBody?: ErrorBody;
  /** Never throws. */
  readonly read: (request: WireRequest) => Reading;
}

/** Whether an event was refused: its sender is told by an error. */
export function isRefused({ dropped }: Taken): boolean {
  return dropped !== null && DROPS[dropped].code !== null;
}

/** What a format asks about sites. */
export interface FormatParts {
  /** The site with this code, UUID or other name. */
  readonly siteOfCode: (code: string) => string | undefined;
  /** Whether a site has this for its id or another name. */
  readonly isSite: (name: string) => boolean;
  /** The ids of all sites. */
  readonly siteIds: () => readonly string[];
  /** Signs what a client sends back unread; another key after each start. */
  readonly tokenKey: Uint8Array;
}

/** What the sender of an event that was refused is told; null for any other. */
export function refusalOf({ dropped }: Taken): ErrorFacts | null {
  if (dropped === null) return null;
  const { code, message } = DROPS[dropped];
  return code === null ? null : { status: ERRORS[code], code, message };
}

/** Throws the refusal of an event, if it was refused. */
export function requireTaken({ dropped, retrySecs }: Taken): void {
  if (dropped === null) return;
  const { code, message } = DROPS[dropped];
  if (code !== null) throw new AppError(code, message, retryAfter(retrySecs));
}

function retryAfter(secs: number | undefined): Record<string, string> {
  return secs === undefined ? {} : { "retry-after": String(Math.max(1, Math.ceil(secs))) };
}
