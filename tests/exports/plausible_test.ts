// Plausible's tables, made of events and of imported sums: counted by the test, and the same again
// after they were imported into an empty server.
import assert from "node:assert/strict";
import { unzipSync } from "fflate";
import type { Event } from "../../src/core/event.ts";
import { EXPORT_FORMS, formSettings } from "../../src/exports/forms.ts";
import { rulesOfSites } from "../../src/query/site_rules.ts";
import { Runner } from "../../src/query/run.ts";
import { Sites } from "../../src/sites/sites.ts";
import { ExportFiles } from "../../src/storage/backup/export_file.ts";
import type { Storage } from "../../src/storage/open.ts";
import { pageview } from "../support/events.ts";
import { type FakeSystem, fakeSystem } from "../support/fake_system.ts";
import { importFiles, importsOf, running, SITE } from "../support/storage/imports.ts";
import {
  datesFrom,
  type PlausibleRow,
  plausibleTables,
  plausibleZip,
  sumOf,
} from "../support/storage/plausible_export.ts";
import { accept, EVER, openFolder, withFolder } from "../support/storage/storage.ts";

const DATES = datesFrom("2023-12-01", 5);

const OWN: readonly Event[] = Array.from({ length: 40 }, (_, n) =>
  pageview({
    at: `2024-01-0${1 + n % 3} 10:${String(n).padStart(2, "0")}`,
    visitor: `v${n % 4}`,
    page: n % 2 === 0 ? "/" : "/own",
    hostname: "example.com",
    browser: "Edge",
    os: n % 2 === 0 ? "macOS" : null,
    device_type: "mobile",
    country_code: "DE",
    region: "Berlin",
    referrer: "https://news.ycombinator.com/item",
    referrer_source: "Hacker News",
    ...(n % 5 === 0
      ? { event_name: "Download", props: JSON.stringify({ url: "https://a.example/", plan: "x" }) }
      : {}),
  }));

/** The tables of an export by name, their rows in order. */
async function exported(
  folder: string,
  system: FakeSystem,
  storage: Storage,
): Promise<
  { readonly tables: Map<string, PlausibleRow[]>; readonly zip: Uint8Array<ArrayBuffer> }
> {
  const sites = await Sites.open(storage.store, system.clock);
  const { sums, reader } = storage;
  const runner = new Runner(reader, rulesOfSites(sites), system.clock, {
    queryTimeoutMs: 60_000,
    cacheTtlMs: 0,
    cacheEntriesMax: 0,
    heavyMax: 1,
    sums,
  });
  const files = await ExportFiles.open(reader, system.files, system.random, {
    folder: `${folder}/.exports`,
  });
  const settings = formSettings({ sites, runner, sums, clock: system.clock }, SITE);
  const form = EXPORT_FORMS.plausible.form(settings);
  const file = await files.write(SITE, EVER, form, new AbortController().signal);
  const zip = new Uint8Array(await new Response(file.content).arrayBuffer());
  const tables = Object.entries(unzipSync(zip)).map(([name, bytes]) => {
    const [header = "", ...lines] = new TextDecoder().decode(bytes).trimEnd().split("\n");
    const names = cells(header).map(String);
    const rows = lines.sort().map((line) =>
      Object.fromEntries(cells(line).map((value, at) => [names[at] ?? "", value]))
    );
    return [name.replace(/^imported_(\w+)_\d{8}_\d{8}[.]csv$/, "$1"), rows] as const;
  });
  return { tables: new Map(tables), zip };
}

function cells(line: string): (string | number)[] {
  return [...line.matchAll(/"((?:[^"]|"")*)"|(\d+)/g)].map(([, text, number]) =>
    number === undefined ? String(text).replaceAll('""', '"') : Number(number)
  );
}

Deno.test("the plausible form has every number, and an import of it has them again", async () => {
  const given = plausibleTables(DATES);
  const system = fakeSystem();
  const first = await withFolder(async (folder) => {
    const storage = await openFolder(folder, system);
    await accept(storage, OWN);
    const imports = await importsOf(folder, system, storage);
    const done = await importFiles(running(imports), { "e.zip": plausibleZip(given) });
    assert.equal(done.state, "done", done.report.error);
    const found = await exported(folder, system, storage);
    await storage.close();
    return found;
  });
  const own = (row: PlausibleRow) => String(row["date"]) > "2023-12-31";
  for (const [name, rows] of Object.entries(given)) {
    const found = first.tables.get(name)?.filter((row) => !own(row));
    const columns = Object.keys(found?.[0] ?? {}).filter((column) =>
      typeof rows[0]?.[column] === "number" && column !== "city"
    );
    assert.ok(columns.includes("visitors"), name);
    for (const column of columns) {
      assert.equal(sumOf(found, column), sumOf(rows, column), `${name}.${column}`);
    }
  }
  const ofOwn = (name: string) => first.tables.get(name)?.filter(own);
  const views = OWN.filter(({ event_name }) => event_name === "pageview");
  assert.equal(sumOf(ofOwn("visitors"), "pageviews"), views.length);
  assert.equal(sumOf(ofOwn("pages"), "pageviews"), views.length);
  const onDay = new Set(
    OWN.map(({ visitor_id, timestamp }) =>
      `${visitor_id} ${Math.floor(timestamp / 86_400_000_000)}`
    ),
  );
  assert.equal(sumOf(ofOwn("visitors"), "visitors"), onDay.size);
  assert.equal(sumOf(ofOwn("custom_events"), "events"), OWN.length - views.length);
  assert.deepEqual(
    new Set(ofOwn("custom_props")?.map(({ property, value }) => `${property}=${value}`)),
    new Set(["plan=x"]),
  );
  const links = ofOwn("custom_events")?.map(({ name, link_url }) => `${name} ${link_url}`);
  assert.deepEqual(new Set(links), new Set(["Download https://a.example/"]));
  const shown = new Set(ofOwn("locations")?.map(({ country, region }) => `${country} ${region}`));
  assert.deepEqual(shown, new Set(["DE DE-BE"]));
  const second = await withFolder(async (folder) => {
    const storage = await openFolder(folder, system);
    const imports = await importsOf(folder, system, storage);
    const done = await importFiles(running(imports), { "export.zip": first.zip });
    assert.equal(done.state, "done", done.report.error);
    const found = await exported(folder, system, storage);
    await storage.close();
    return found;
  });
  for (const [name, rows] of first.tables) assert.deepEqual(second.tables.get(name), rows, name);
});
