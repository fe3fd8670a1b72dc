// GoatCounter's visitor counters: how often a page was visited, as JSON, HTML or a picture, for any
// page to show. Only those of public sites are shown to everybody.
import { deflateSync } from "node:zlib";
import { AppError } from "../../core/errors.ts";
import { requireSite } from "../../auth/rights.ts";
import { json } from "../../http/response.ts";
import type { Context, Route } from "../../http/route.ts";
import type { FormatParts } from "../../ingest/formats/format.ts";
import { siteOfRequest } from "../../ingest/formats/goatcounter.ts";
import { numberOf } from "../../query/answer.ts";
import * as goat from "../../query/formats/goatcounter/goatcounter.ts";
import type { Runner } from "../../query/run.ts";
import { callerOf } from "../stats/caller.ts";

const NAME = /^(.*)\.(json|html|svg|png)$/s;
const TOTAL = "TOTAL";
const SHOWN_BY_ANYBODY = {
  "cross-origin-resource-policy": "cross-origin",
  "cache-control": "public, max-age=1800",
};
/** Frames of other sites may show it; it runs nothing. */
const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; " +
  "form-action 'none'; frame-ancestors *";

/** The route of counters. */
export function counterRoutes(runner: Runner, parts: FormatParts): Route[] {
  return [{
    method: "GET",
    path: "/counter/:name+",
    right: "read",
    anyOrigin: true,
    handle: async (context) => {
      const [, path = "", kind = ""] = NAME.exec(context.params["name"] ?? "") ?? [];
      if (kind === "") throw new AppError("not_found", "Cannot find this counter");
      const count = await visitorsOf(runner, path, siteOf(context, parts), context);
      const shown = String(count).replace(/\B(?=(\d{3})+$)/g, "\u202f");
      return shownAs(kind, shown, count);
    },
  }];
}

/** What a path may name: without its first slash an event, else a page. */
function entriesOf(path: string): readonly goat.Entry[] {
  if (path.startsWith("/")) return [{ path, event: false }];
  return [{ path, event: true }, { path: `/${path}`, event: false }];
}

function siteOf({ request, url, access }: Context, parts: FormatParts): string {
  const site = url.searchParams.get("site_id") ?? siteOfRequest(request.headers, parts);
  if (site !== null) return requireSite(access, site);
  throw new AppError("not_found", "Cannot find the site: add this host to a site's aliases");
}

async function visitorsOf(
  runner: Runner,
  path: string,
  site: string,
  context: Context,
): Promise<number> {
  const asker = { caller: callerOf(context), signal: context.signal };
  const { rules, nowUs } = await runner.rules(site, asker);
  const whole = goat.counterScope(context.url.searchParams, site, nowUs, rules);
  const scopes = path === TOTAL
    ? [whole]
    : entriesOf(path).map((entry) => goat.ofEntry(whole, entry, rules));
  for (const scope of scopes) {
    const query = goat.totalQuery(scope);
    const { nowUs: _, range, ...key } = query;
    // It may be an hour old, as there.
    const hour = Math.floor(range.toUs / 3_600_000_000);
    const answer = await runner.cached(
      site,
      ["counter", key, range.fromUs, hour],
      ({ query: run }) => run(query),
      asker,
    );
    const count = numberOf(answer.rows[0]?.values ?? {}, "visitors");
    if (count > 0) return count;
  }
  return 0;
}

function shownAs(kind: string, shown: string, count: number): Response {
  const headers = (type: string) => ({ "content-type": type, ...SHOWN_BY_ANYBODY });
  if (kind === "svg") return new Response(svg(shown), { headers: headers("image/svg+xml") });
  if (kind === "png") return new Response(png(shown), { headers: headers("image/png") });
  if (kind === "html") {
    const all = { ...headers("text/html; charset=utf-8"), "content-security-policy": PAGE_POLICY };
    return new Response(html(shown), { headers: all });
  }
  const counts = { count: shown, count_unique: shown };
  if (count > 0) return json(counts, 200, SHOWN_BY_ANYBODY);
  return json({ ...counts, error: "Cannot count: there was no visitor" }, 404, SHOWN_BY_ANYBODY);
}

function html(count: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Visitors</title>
<style>body{margin:0;font:16px sans-serif;text-align:center;border:1px solid #999;padding:.5em}
b{display:block;font-size:1.5em}</style><div>Visitors <b>${count}</b></div></html>`;
}

function svg(count: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="80" role="img">
<rect x=".5" y=".5" width="199" height="79" fill="#fff" stroke="#999"/>
<g font-family="sans-serif" text-anchor="middle" fill="#222">
<text x="100" y="28" font-size="16">Visitors</text>
<text x="100" y="60" font-size="24" font-weight="bold">${count}</text></g></svg>`;
}

/** Digits of three by five dots, a bit each from the left above. */
const DIGITS = [31599, 11415, 29671, 29647, 23497, 31183, 31215, 29257, 31727, 31695];
const DOT = 5;
const WIDTH = 200;
const HEIGHT = 80;

/** A picture of a number, in black on white. */
function png(count: string): Uint8Array<ArrayBuffer> {
  const digits = count.replace(/\D/g, "");
  const rows = new Uint8Array(HEIGHT * (WIDTH + 1)).fill(255);
  const left = Math.max(0, Math.floor((WIDTH - digits.length * 4 * DOT) / 2));
  const top = Math.floor((HEIGHT - 5 * DOT) / 2);
  for (let y = 0; y < HEIGHT; y++) {
    // Each line begins with the number of its filter.
    rows[y * (WIDTH + 1)] = 0;
    for (let x = 0; x < WIDTH; x++) {
      if (isInk(digits, x - left, y - top)) rows[y * (WIDTH + 1) + x + 1] = 0;
    }
  }
  const head = new Uint8Array(13);
  new DataView(head.buffer).setUint32(0, WIDTH);
  new DataView(head.buffer).setUint32(4, HEIGHT);
  head[8] = 8;
  return joined([
    Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10),
    chunk("IHDR", head),
    chunk("IDAT", new Uint8Array(deflateSync(rows))),
    chunk("IEND", new Uint8Array()),
  ]);
}

function isInk(digits: string, x: number, y: number): boolean {
  if (x < 0 || y < 0 || y >= 5 * DOT) return false;
  const digit = digits.charAt(Math.floor(x / (4 * DOT)));
  const column = Math.floor(x / DOT) % 4;
  if (digit === "" || column === 3) return false;
  const bit = 14 - (Math.floor(y / DOT) * 3 + column);
  return ((DIGITS[Number(digit)] ?? 0) >> bit & 1) === 1;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = joined([new TextEncoder().encode(type), data]);
  const whole = new Uint8Array(body.length + 8);
  const view = new DataView(whole.buffer);
  view.setUint32(0, data.length);
  whole.set(body, 4);
  view.setUint32(body.length + 4, crc32(body));
  return whole;
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >>> 1 ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
