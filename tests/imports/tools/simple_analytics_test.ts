// Simple Analytics' CSV of data points: what it becomes, with and without sessions, and bad rows.
import assert from "node:assert/strict";
import { fakeSystem } from "../../support/fake_system.ts";
import { countsOf, importFiles, importsOf, running, tally } from "../../support/storage/imports.ts";
import { openFolder, withFolder } from "../../support/storage/storage.ts";

const HEADER = "added_iso,browser_name,browser_version,country_code,datapoint,device_type," +
  "document_referrer,hostname,is_robot,lang_language,lang_region,os_name,os_version,path,query," +
  "screen_width,session_id,utm_source,metadata.plan_text,metadata.seats_int,metadata.paid_bool";
const ROWS = [
  ["pageview", "/", "utm_medium=mail", "false", "s1", "https://duckduckgo.com/", "news", ",,"],
  ["signed_up", "/join", "", "false", "s1", "", "", "pro,3,true"],
  ["", '"/a,b"', "", "false", "s2", "", "", ",,"],
  ["pageview", "/robot", "", "true", "s3", "", "", ",,"],
].map(([point, path, query, robot, session, referrer, source, props], n) =>
  `2024-01-0${n + 2}T23:30:00.000+01:00,Chrome,120,de,${point},desktop,${referrer},` +
  `www.example.com,${robot},de,de,Windows,10,${path},${query},1440,${session},${source},${props}`
);

Deno.test("SIMPLE_ANALYTICS reads views, events, properties and sessions", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(folder, system);
    const imports = await importsOf(folder, system, storage);
    const bad = "2024-01-02,,,,,,,,,,,,,,,,,,,,";
    const csv = "\ufeff" + [HEADER, ...ROWS, bad].join("\r\n") + "\r\n";
    const { state, report } = await importFiles(running(imports), { "points.csv": csv });
    assert.equal(state, "done", report.error);
    assert.deepEqual(report.totals, { events: 3, pageviews: 2, visitors: 2 });
    assert.deepEqual(report.apart, { robot: 1 });
    assert.deepEqual(report.rejects, [{ line: 6, reason: "it has no path" }]);
    assert.deepEqual(
      report.days?.map(({ date, events }) => [date, events]),
      [["2024-01-02", 1], ["2024-01-03", 1], ["2024-01-04", 1]],
      "times have a zone",
    );
    const column = (name: string) => countsOf(storage, name);
    assert.deepEqual(await column("pathname"), tally(["/", "/join", "/a,b"]));
    assert.deepEqual(await column("event_name"), { pageview: 2, signed_up: 1 });
    assert.deepEqual(await column("referrer_source"), tally([null, null, "DuckDuckGo"]));
    assert.deepEqual(await column("utm_source"), tally([null, null, "news"]));
    assert.deepEqual(await column("utm_medium"), tally([null, null, "mail"]));
    assert.deepEqual(await column("country_code"), { DE: 3 });
    assert.deepEqual(await column("language"), { "de-DE": 3 });
    assert.deepEqual(await column("screen_size"), { "1440": 3 });
    assert.deepEqual(
      await column("props"),
      tally([null, null, '{"plan":"pro","seats":3,"paid":true}']),
    );

    const few = "added_unix,path\n1704186000,/few\n1704186001,/few\n";
    const second = await importFiles(running(imports), { "few.csv": few }, { days: "all" });
    assert.deepEqual(second.report.totals, { events: 2, pageviews: 2, visitors: 2 });
    await storage.close();
  });
});
