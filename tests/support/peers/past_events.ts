// Past events of a site, brought in by the import route, for tests of what other programs' clients
// read of them.
import { strictEqual as equal } from "node:assert";
import { CHROME } from "../server/contract_server.ts";
import type { RunningApp } from "../server/running_app.ts";

/** A pageview unless its fields say otherwise; `u` is a path of the site. */
export type PastEvent = readonly [at: string, visitor: number, fields: Record<string, unknown>];

/** Imports events; every one must be accepted. */
export async function importPast(
  app: RunningApp,
  site: string,
  events: readonly PastEvent[],
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const lines = events.map(([at, visitor, fields]) => {
    const u = `https://${site}${fields["u"]}`;
    const who = { ip: `8.8.8.${visitor}`, ua: CHROME };
    return JSON.stringify({ d: site, n: "pageview", at, ...who, ...fields, u });
  });
  const response = await app.send("/api/import", {
    method: "POST",
    headers: { ...headers, "content-type": "application/x-ndjson" },
    body: lines.join("\n"),
  });
  equal((await response.json()).accepted, events.length);
}
