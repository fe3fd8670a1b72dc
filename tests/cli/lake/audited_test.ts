import assert from "node:assert/strict";
import { realSystem } from "../../../src/runtime/system.ts";
import { runCommand } from "../../support/command.ts";
import { customEvent, pageview } from "../../support/events.ts";
import { lakeDuckDb, lakeTest, openOverLake, partsOfFile } from "../../support/lake/lake.ts";
import { accept } from "../../support/storage/storage.ts";

const partsNow = partsOfFile();
const system = realSystem({ format: "text", levelMin: "error" });
const AT = Date.UTC(2024, 0, 15, 12) * 1000;
const DAY_US = 86_400_000_000;

lakeTest("privacy-audit looks through the events of a lake", partsNow, async (env, folder) => {
  const audit = async (options = { json: true }) => {
    const loadDuckDb = () => Promise.resolve(lakeDuckDb);
    const told = await runCommand(folder, "privacy-audit", [], {
      env,
      system,
      options,
      loadDuckDb,
    });
    return { ...told, report: options.json ? JSON.parse(told.text) : null };
  };
  const storage = await openOverLake(folder, env, { system });
  const plain = { browser_version: "120.0.6099.109", os_version: "10.0.0.1" };
  await accept(storage, [pageview({ at: AT, ...plain }), pageview({ at: AT + DAY_US, ...plain })]);
  await storage.flusher.flush();
  await storage.close();
  const before = await audit();
  assert.deepEqual([before.ok, before.report.findings, before.report.lake_events], [true, [], 2]);

  const again = await openOverLake(folder, env, { system });
  const token = "9f8e7d6c5b4a39281706f5e4d3c2b1a0";
  await accept(again, [
    pageview({ at: AT + 1, referrer: "https://a.example/?mail=jo%40example.org" }),
    pageview({ at: AT + 2, pathname: "/from/203.0.113.9/" }),
    pageview({ at: AT + DAY_US + 1, pathname: "/from/198.51.100.1" }),
    pageview({ at: AT + DAY_US + 2, pathname: `/reset/${token}` }),
    customEvent({ at: AT + 3, name: "x", props: JSON.stringify({ ip: "2001:db8::1" }) }),
  ]);
  await again.flusher.flush();
  // What no flush has brought into the lake is in the journal.
  await accept(again, [pageview({ at: AT + 4, pathname: "/from/192.0.2.7" })]);
  await again.close();
  const { ok, report } = await audit();
  assert.equal(ok, false);
  assert.equal(report.lake_events, 7);
  const inLake = report.findings.filter(({ place }: { place: string }) => /^lake/.test(place));
  assert.deepEqual(inLake, [
    { place: "lake/site_id=example.com, pathname", kind: "IPv4 address", count: 2 },
    { place: "lake/site_id=example.com, props", kind: "IPv6 address", count: 1 },
    { place: "lake/site_id=example.com, referrer", kind: "e-mail address", count: 1 },
  ]);
  const places = report.findings.map(({ place }: { place: string }) => place);
  assert.ok(places.includes("mallard.sqlite, journal.event.pathname"), String(places));
  assert.deepEqual(report.tokens, [{ place: "lake/site_id=example.com, pathname", count: 1 }]);
  assert.deepEqual(report.unread, []);
  const { text } = await audit({ json: false });
  assert.match(
    text,
    /^Looked at \d+ files with 0 events in Parquet, and at 7 events in the lake\./,
  );
  assert.match(text, /^Run `mallard privacy-audit mask` to mask e-mail addresses in events/m);
});
