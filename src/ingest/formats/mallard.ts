// The wire format of the program's own tracker: a JSON body by POST, or the same fields in the
// query string of an image.
import { ENGAGEMENT } from "../../core/event.ts";
import { readEngagement } from "../fields/engagement.ts";
import { readVitals } from "../fields/vitals.ts";
import {
  type Checked,
  checkPayload,
  type Payload,
  type PayloadLabels,
  refuse,
} from "../payload.ts";
import { NOTICES_HEADER } from "../fields/notices.ts";
import { type Reading, requireTaken, type Taken, type WireFormat } from "./format.ts";
import { objectOf } from "./json_body.ts";

/** Where events are sent. */
export const EVENT_PATH = "/api/event";
const DROPPED_HEADER = "x-mallard-dropped";

const LABELS: PayloadLabels = {
  site_id: "d (site)",
  event_name: "n (event name)",
  url: "u (page URL)",
};

const NOT_TAKEN: Taken = { dropped: null, notices: [] };

/** A transparent image of one pixel. */
const GIF = Uint8Array.from(
  atob("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"),
  (char) => char.charCodeAt(0),
);

/** The event of a body that the tracker sends, as parsed JSON. */
export function receiveFields(body: unknown): Reading {
  const checked = readFields(body);
  if ("fault" in checked) return checked;
  return { events: [{ payload: checked.value }], write: writeNothing, isTerse: true };
}

function writeNothing([taken = NOT_TAKEN]: readonly Taken[]): Response {
  requireTaken(taken);
  return new Response(null, { status: 202, headers: takenHeaders(taken) });
}

/** GET: an image, for pages without scripts. */
export const MALLARD_IMAGE: WireFormat = {
  method: "GET",
  path: EVENT_PATH,
  read: ({ query }) => {
    const checked = readQuery(query);
    return "fault" in checked
      ? checked
      : { events: [{ payload: checked.value }], write: writeImage };
  },
};

function writeImage([taken = NOT_TAKEN]: readonly Taken[]): Response {
  requireTaken(taken);
  return gifResponse(takenHeaders(taken));
}

/** A transparent image of one pixel that is never cached. */
export function gifResponse(headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(GIF, {
    headers: {
      "content-type": "image/gif",
      "cache-control": "no-store, no-cache, must-revalidate, private",
      "cross-origin-resource-policy": "cross-origin",
      ...headers,
    },
  });
}

/**
 * What an answer says of an event. The tracker reads from the notices, across origins, why an event
 * is not stored, too.
 */
export function takenHeaders({ dropped, notices }: Taken): Record<string, string> {
  if (dropped === null && notices.length === 0) return {};
  return {
    [NOTICES_HEADER]: dropped ?? notices.join(", "),
    ...(dropped === null ? {} : { [DROPPED_HEADER]: dropped }),
    "access-control-expose-headers": `${NOTICES_HEADER}, ${DROPPED_HEADER}`,
  };
}

/** Reads a query string; `n` defaults to pageview. Never throws. */
export function readQuery(params: URLSearchParams): Checked<Payload> {
  const body: Record<string, unknown> = { n: "pageview" };
  const names = ["d", "n", "u", "r", "w", "t", "la", "p", "ra", "rc", "h", "l", "i", "id"];
  for (const name of names) {
    const value = params.get(name);
    if (value !== null) body[name] = value;
  }
  return readFields(body);
}

/** Reads an event from parsed JSON. Never throws. */
export function readFields(body: unknown): Checked<Payload> {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    return refuse("unprocessable", "Cannot read the event: the body is not a JSON object");
  }
  const fields = body as Record<string, unknown>;
  const measured = objectOf(fields["en"]);
  if (measured !== null) return readMeasured(fields, measured);
  return checkPayload({
    site_id: fields["d"],
    event_name: fields["n"],
    url: fields["u"],
    referrer: fields["r"],
    screenPixels: fields["w"],
    title: fields["t"],
    language: fields["la"],
    userId: fields["id"],
    props: fields["p"],
    revenueCents: fields["ra"],
    revenueCurrency: fields["rc"],
    isHashRouted: fields["h"],
    isLocal: fields["l"],
    isInteractive: fields["i"],
  }, LABELS);
}

/** What the tracker measured of a page view: no event, whatever its name. */
function readMeasured(
  fields: Readonly<Record<string, unknown>>,
  measured: Readonly<Record<string, unknown>>,
): Checked<Payload> {
  const engagement = readEngagement(measured["ms"], measured["depth"]);
  const vitals = readVitals(measured);
  return checkPayload({
    site_id: fields["d"],
    event_name: ENGAGEMENT,
    url: fields["u"],
    referrer: undefined,
    screenPixels: fields["w"],
    userId: fields["id"],
    props: undefined,
    revenueCents: undefined,
    revenueCurrency: undefined,
    isHashRouted: fields["h"],
    isLocal: fields["l"],
    isEvent: engagement !== null || vitals !== null,
    engagement,
    vitals,
  }, LABELS);
}
