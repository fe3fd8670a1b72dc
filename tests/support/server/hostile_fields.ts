// Events with one or two fields as nobody should send them, in every dialect: what names the site,
// the event and its page is as it should be.
import { equal, match } from "node:assert/strict";
import { uuidOfSite } from "../../../src/sites/site_codes.ts";
import { CHROME } from "./contract_server.ts";
import { type Dice, HOSTILE } from "./hostile_requests.ts";
import type { Sent } from "./running_app.ts";

type Fields = Readonly<Record<string, unknown>>;

/** How one kind of client sends an event, and is answered. */
interface Dialect {
  /** The site's name says which dialect it was. */
  readonly site: string;
  /** Fields that name what is counted. */
  readonly needed: Fields;
  /** Fields that may hold anything. */
  readonly optional: readonly string[];
  readonly request: (fields: Fields) => readonly [path: string, sent: Sent];
  /** Throws where the answer is not that of an event that is counted. */
  readonly answered: (response: Response, text: string) => void;
}

const BROWSER = { "user-agent": CHROME, "accept-language": "de" };

function posted(path: string, body: unknown, headers: Record<string, string> = {}) {
  const sent = { method: "POST", body: JSON.stringify(body), headers: { ...BROWSER, ...headers } };
  return [path, sent] as const;
}

function isAccepted({ status }: Response): void {
  equal(status, 202);
}

function isOk({ status, headers }: Response, text: string): void {
  equal(status, 202);
  equal(text, "ok");
  equal(headers.get("x-plausible-dropped"), null);
}

function umamiPayload(site: string, fields: Fields) {
  return { type: "event", payload: { website: uuidOfSite(site), ...fields } };
}

const URL_OF = "https://a.example/a";
const UMAMI_FIELDS = [
  ...["hostname", "language", "referrer", "screen", "title", "tag", "data", "id", "browser"],
  ...["os", "device", "ip"],
];

/** Every dialect in which events come in. */
export const DIALECTS: readonly Dialect[] = [
  {
    site: "mallard.example",
    needed: { d: "mallard.example", n: "pageview", u: URL_OF },
    optional: ["r", "w", "p", "ra", "rc", "l", "i"],
    request: (fields) => posted("/api/event", fields),
    answered: isAccepted,
  },
  {
    site: "short.example",
    needed: { d: "short.example", n: "pageview", u: URL_OF, v: 29 },
    optional: ["r", "h", "w", "p", "m", "$", "i"],
    request: (fields) => posted("/api/event", fields, { "content-type": "text/plain" }),
    answered: isOk,
  },
  {
    site: "long.example",
    needed: { domain: "long.example", name: "pageview", url: URL_OF },
    optional: [
      ...["referrer", "hashMode", "screen_width", "props", "meta", "revenue", "interactive", "v"],
    ],
    request: (fields) => posted("/api/event", fields),
    answered: isOk,
  },
  {
    site: "send.example",
    needed: { url: "/a" },
    optional: UMAMI_FIELDS,
    request: (fields) => posted("/api/send", umamiPayload("send.example", fields)),
    answered: ({ status }, text) => {
      equal(status, 200);
      match(text, /^\{"cache":"[^"]+","sessionId":"[^"]+","visitId":"[^"]+"\}$/);
    },
  },
  {
    site: "batch.example",
    needed: { url: "/a" },
    optional: UMAMI_FIELDS,
    request: (fields) => posted("/api/batch", [umamiPayload("batch.example", fields), null]),
    answered: ({ status }, text) => {
      equal(status, 200);
      const { size, processed, errors, details } = JSON.parse(text);
      equal([size, processed, errors, details[0].index].join(), "2,1,1,1");
    },
  },
  {
    site: "count.example",
    needed: { p: "/a" },
    optional: ["t", "r", "q", "s", "ns", "rnd", "e"],
    request: (fields) => {
      const pairs = Object.entries(fields).map(([name, value]) => [
        name,
        (typeof value === "string" ? value : JSON.stringify(value) ?? "").toWellFormed(),
      ]);
      const headers = { ...BROWSER, host: "goat.count.example" };
      return [`/count?${new URLSearchParams(pairs)}`, { headers }];
    },
    answered: ({ status, headers }) => {
      equal(status, 200);
      equal(headers.get("content-type"), "image/gif");
      equal(headers.get("x-goatcounter"), null);
    },
  },
  {
    site: "hits.example",
    needed: { path: "/a", user_agent: CHROME },
    optional: ["title", "ref", "query", "size", "session", "ip", "event", "language", "location"],
    request: (fields) => posted("/api/v0/count?site_id=hits.example", { hits: [fields] }),
    answered: ({ status, headers }, text) => {
      equal(status, 202);
      equal(text, '{"status":"ok"}');
      equal(headers.get("x-goatcounter-filter"), null);
    },
  },
];

/** Fields of an event, one or two of which hold what they should not. */
export function badFields(dice: Dice, { needed, optional }: Dialect): Fields {
  const deep = JSON.parse(`${"[".repeat(40)}${"]".repeat(40)}`);
  const strange: readonly unknown[] = [
    ...[null, true, false, 0, -1, 1e300, 0.1, [], {}, [[]], deep, { a: { b: [1] } }],
    ...[{ currency: 5, amount: {} }, { __proto__: { a: 1 } }, "{", "[1]", '{"a":{"b":1}}'],
  ];
  const bad = () => dice.chance(2) ? dice.of(HOSTILE) : dice.of(strange);
  const some = [dice.of(optional), dice.of(optional)];
  return { ...needed, ...Object.fromEntries(some.map((name) => [name, bad()])) };
}
