// The same visits as a dump of Matomo's tables and as the JSON of its Live API: both give the same
// events, with the numbers of the visits themselves; undoing takes them out.
import assert from "node:assert/strict";
import { fakeSystem } from "../../../support/fake_system.ts";
import {
  countsOf,
  importFiles,
  importsOf,
  running,
  tally,
} from "../../../support/storage/imports.ts";
import { storedRows } from "../../../support/storage/data_dir.ts";
import { openFolder, withFolder } from "../../../support/storage/storage.ts";

interface Action {
  readonly type: string;
  readonly url: string | null;
  readonly title?: string;
  readonly at: string;
  readonly category?: string;
  readonly value?: number;
}

interface Visit {
  readonly visitor: string;
  readonly referrer: readonly [type: string, name: string, url: string | null, keyword: string];
  readonly browser: readonly [code: string, name: string, version: string];
  readonly system: readonly [code: string, name: string, version: string];
  readonly device: readonly [code: string, name: string];
  readonly place: readonly [country: string, region: string, city: string];
  readonly language: string;
  readonly actions: readonly Action[];
}

const VISITS: readonly Visit[] = [
  {
    visitor: "a1b2c3d4e5f60718",
    referrer: ["search", "DuckDuckGo", "https://duckduckgo.com/", "secret words"],
    browser: ["FF", "Firefox", "121.0"],
    system: ["WIN", "Windows", "10"],
    device: ["0", "Desktop"],
    place: ["de", "BE", "Berlin"],
    language: "de-de",
    actions: [
      {
        type: "action",
        url: "https://www.example.com/?page=2",
        title: 'It\'s "home"',
        at: "10:00",
      },
      { type: "download", url: "https://www.example.com/a.pdf", at: "10:01" },
      { type: "outlink", url: "http://other.example/x", at: "10:02" },
      {
        type: "event",
        url: "https://www.example.com/",
        title: "play",
        category: "Video",
        value: 1.5,
        at: "10:03",
      },
    ],
  },
  {
    visitor: "ffeeddccbbaa9988",
    referrer: ["campaign", "spring", null, "shoes"],
    browser: ["MF", "Safari", "17.1"],
    system: ["IOS", "iOS", "17.1"],
    device: ["1", "Smartphone"],
    place: ["us", "TX", "Austin"],
    language: "en-us",
    actions: [
      { type: "action", url: "https://www.example.com/land", title: "Land", at: "11:00" },
      { type: "search", url: "https://www.example.com/find", title: "red shoes", at: "11:01" },
      { type: "content", url: null, at: "11:02" },
    ],
  },
];

const dayOf = (visit: number) => `2024-01-0${visit + 2}`;

const ACTION_TYPES: Readonly<Record<string, number>> = { action: 1, outlink: 2, download: 3 };
const PREFIXES = ["http://", "http://www.", "https://", "https://www."];
const REFERRERS = ["", "direct", "search", "website", "", "", "campaign", "social"];

/** The tables as mysqldump writes them, with their bytes as hexadecimal digits. */
function dump(prefix: string, isHex = true): string {
  const actions: string[] = [];
  const add = (name: string, type: number, urlPrefix: number | null) => {
    const quoted = name.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll('"', '\\"');
    actions.push(`(${actions.length + 1},'${quoted}',123,${type},${urlPrefix ?? "NULL"})`);
    return actions.length;
  };
  const addUrl = (url: string, type: number) => {
    const at = PREFIXES.reduce((best, one, n) => url.startsWith(one) ? n : best, 0);
    return add(url.slice(PREFIXES[at]?.length), type, at);
  };
  const links: string[] = [];
  const visits = VISITS.map((visit, n) => {
    const visitor = isHex ? `0x${visit.visitor.toUpperCase()}` : "_binary 'ab'";
    for (const { type, url, title, category, value, at } of visit.actions) {
      const urlId = url === null ? null : addUrl(url, ACTION_TYPES[type] ?? 1);
      const name = type === "event" ? null : title ?? null;
      const nameId = name === null ? null : add(name, type === "search" ? 8 : 4, null);
      const action = type === "event" ? add(title ?? "", 11, null) : null;
      const category_ = category === undefined ? null : add(category, 10, null);
      const row = [links.length + 1, 7, visitor, n + 1, urlId, nameId, action, category_];
      const cells = [...row, value ?? null].map((cell) => cell ?? "NULL");
      links.push(`(${[...cells, `'${dayOf(n)} ${at}:00'`].join(",")})`);
    }
    const [type, name, url, keyword] = visit.referrer;
    const text = (value: string | null) => value === null ? "NULL" : `'${value}'`;
    return `(${
      [
        n + 1,
        7,
        visitor,
        text(`${dayOf(n)} ${visit.actions[0]?.at}:00`),
        REFERRERS.indexOf(type),
        ...[name, url, keyword, visit.browser[0], visit.browser[2], visit.system[0]].map(text),
        text(visit.system[2]),
        visit.device[0],
        ...["1920x1080", ...visit.place, visit.language].map(text),
      ].join(",")
    })`;
  });
  const table = (name: string, columns: string, rows: readonly string[]) =>
    [
      `CREATE TABLE \`${prefix}${name}\` (`,
      ...columns.split(" ").map((column) => `  \`${column}\` varchar(200) DEFAULT NULL,`),
      `  PRIMARY KEY (\`x\`)`,
      ") ENGINE=InnoDB;",
      `INSERT INTO \`${prefix}${name}\` VALUES ${rows.join(",")};`,
      "",
    ].join("\n");
  return [
    "-- MySQL dump 10.13  Distrib 8.0.36\n--",
    table("log_action", "idaction name hash type url_prefix", actions),
    table(
      "log_link_visit_action",
      "idlink_va idsite idvisitor idvisit idaction_url idaction_name idaction_event_action " +
        "idaction_event_category custom_float server_time",
      links,
    ),
    table(
      "log_visit",
      "idvisit idsite idvisitor visit_first_action_time referer_type referer_name referer_url " +
        "referer_keyword config_browser_name config_browser_version config_os config_os_version " +
        "config_device_type config_resolution location_country location_region location_city " +
        "location_browser_lang",
      visits,
    ),
    "-- Dump completed on 2024-02-01",
  ].join("\n");
}

/** The answer of Live.getLastVisitsDetails. */
function live(): string {
  return JSON.stringify(VISITS.map((visit, n) => ({
    idSite: "7",
    idVisit: String(n + 1),
    visitIp: "203.0.113.0",
    visitorId: visit.visitor,
    actionDetails: visit.actions.map(({ type, url, title, category, value, at }) => ({
      type,
      url,
      ...(type === "event"
        ? { eventAction: title, eventCategory: category, eventValue: value }
        : {}),
      ...(type === "search" ? { siteSearchKeyword: title } : {}),
      ...(type === "action" ? { pageTitle: title } : {}),
      timestamp: Date.parse(`${dayOf(n)}T${at}:00Z`) / 1000,
    })),
    serverTimestamp: Date.parse(`${dayOf(n)}T12:00:00Z`) / 1000,
    referrerType: visit.referrer[0],
    referrerName: visit.referrer[1],
    referrerUrl: visit.referrer[2],
    referrerKeyword: visit.referrer[3],
    browserName: visit.browser[1],
    browserVersion: visit.browser[2],
    operatingSystemName: visit.system[1],
    operatingSystemVersion: visit.system[2],
    deviceType: visit.device[1],
    resolution: "1920x1080",
    countryCode: visit.place[0],
    regionCode: visit.place[1],
    city: visit.place[2],
    languageCode: visit.language,
    siteCurrency: "EUR",
  })));
}

const FORMS: readonly (readonly [string, Record<string, string>])[] = [
  ["a dump without a prefix", { "dump.sql": dump("") }],
  ["dumps that overlap", { "old.sql": dump(""), "new.sql": dump("matomo_") }],
  ["pages of the Live API that overlap", { "0.json": live(), "1.json": `${live()}\n` }],
];

Deno.test("MATOMO reads the same events of a dump and of the Live API", async () => {
  for (const [name, files] of FORMS) {
    await withFolder(async (folder) => {
      const system = fakeSystem();
      const storage = await openFolder(folder, system);
      const imports = await importsOf(folder, system, storage);
      const { state, report, id } = await importFiles(running(imports), files);
      assert.equal(state, "done", `${name}: ${report.error}`);
      const actions = VISITS.flatMap((visit) => visit.actions);
      const kept = actions.filter(({ type }) => type !== "content");
      const views = kept.filter(({ type }) => type === "action").length;
      assert.deepEqual(
        report.totals,
        { events: kept.length, pageviews: views, visitors: VISITS.length },
        name,
      );
      assert.deepEqual(report.apart, { "no view and no event": 1 }, name);
      const column = (wanted: string) => countsOf(storage, wanted);
      assert.deepEqual(
        await column("event_name"),
        tally([
          ...["pageview", "File Download", "Outbound Link: Click", "play", "pageview", "search"],
        ]),
        name,
      );
      assert.deepEqual(
        await column("pathname"),
        tally(["/", "/", "/", "/", "/land", "/find"]),
        name,
      );
      assert.deepEqual(
        await column("title"),
        tally([...Array(4).fill(null), 'It\'s "home"', "Land"]),
        name,
      );
      assert.deepEqual(
        await column("referrer_source"),
        tally([...Array(5).fill(null), "DuckDuckGo"]),
      );
      assert.deepEqual(await column("utm_campaign"), tally([...Array(5).fill(null), "spring"]));
      assert.deepEqual(await column("browser"), { Firefox: 4, Safari: 2 }, name);
      assert.deepEqual(await column("os"), { Windows: 4, iOS: 2 }, name);
      assert.deepEqual(await column("device_type"), { desktop: 4, mobile: 2 }, name);
      assert.deepEqual(await column("region"), { "DE-BE": 4, "US-TX": 2 }, name);
      assert.deepEqual(await column("language"), { "de-DE": 4, "en-US": 2 }, name);
      assert.deepEqual(
        await column("props"),
        tally([
          ...[null, null],
          '{"url":"https://www.example.com/a.pdf"}',
          '{"url":"http://other.example/x"}',
          '{"category":"Video","value":1.5}',
          '{"query":"red shoes"}',
        ]),
        name,
      );
      const stored = JSON.stringify(await storedRows(folder));
      assert.doesNotMatch(stored, /a1b2c3d4|secret words|203\.0/i, name);
      assert.equal((await importFiles(running(imports), files)).id, id);
      await imports.end(id);
      assert.deepEqual(await column("pathname"), {}, name);
      await storage.close();
    });
  }
});

Deno.test("MATOMO refuses ids as raw bytes, dumps without tables, and two websites", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(folder, system);
    const imports = await importsOf(folder, system, storage);
    const refused = async (text: string) => {
      const { state, report } = await importFiles(running(imports), { "dump.sql": text });
      assert.equal(state, "failed");
      return String(report.error);
    };
    assert.match(await refused(dump("matomo_", false)), /use mysqldump --hex-blob/);
    const half = dump("matomo_").split("CREATE TABLE `matomo_log_visit`")[0] ?? "";
    assert.match(await refused(half), /it was cut/);
    assert.match(await refused(`${half}-- Dump completed`), /there is no table log_visit/);
    const two = dump("matomo_").replace(/\(7,7,/, "(7,8,");
    assert.match(await refused(two), /several websites: 7 \(6 actions\), 8 \(1 actions\)/);
    await storage.close();
  });
});
