// What is said of visitors over a change of how long their ids last, through the whole program and
// its restarts: unknown, never a rate of zero.
import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert";
import { openApp, type RunningApp } from "../support/server/running_app.ts";
import { fakeSystem } from "../support/fake_system.ts";
import { withFolder } from "../support/storage/storage.ts";

const BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 " +
  "(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
const SITE = "example.com";

/** A day of the test: what happens at noon, in this order. */
type Day = readonly [date: string, ...what: readonly (string | number)[]];

/** Views of visitors (texts) and changes of the setting (numbers), each day after a restart. */
async function live(
  folder: string,
  days: readonly Day[],
  envOf: (date: string) => Record<string, string> = () => ({}),
): Promise<void> {
  for (const [date, ...what] of days) {
    await during(folder, date, envOf(date), async (app) => {
      for (const one of what) {
        if (typeof one === "number") await setDays(app, one);
        else await view(app, one);
        app.system.clock.advance(1000);
      }
    });
  }
}

async function during(
  folder: string,
  date: string,
  env: Record<string, string>,
  use: (app: RunningApp) => Promise<void>,
): Promise<void> {
  const nowMs = Date.parse(`${date}T12:00:00Z`);
  const app = await openApp(env, { folder, system: fakeSystem({ nowMs, seed: nowMs / 1000 }) });
  await use(app);
  await app.close();
}

async function view(app: RunningApp, visitor: string): Promise<void> {
  const response = await app.send("/api/event", {
    method: "POST",
    headers: { "user-agent": BROWSER, "x-forwarded-for": `81.2.69.${visitor.charCodeAt(0)}` },
    body: JSON.stringify({ d: SITE, n: "pageview", u: "/" }),
  });
  equal(response.status, 202);
}

async function setDays(app: RunningApp, visitor_id_days: number): Promise<void> {
  const found = await app.send(`/api/sites/${SITE}`);
  const isNew = found.status === 404;
  await found.body?.cancel();
  const { status } = await app.send(isNew ? "/api/sites" : `/api/sites/${SITE}`, {
    method: isNew ? "POST" : "PATCH",
    body: JSON.stringify({ ...(isNew ? { site_id: SITE } : {}), visitor_id_days }),
  });
  equal(status, isNew ? 201 : 200);
}

type Cell = number | string | null;

/** Each week's first day, and its cells: how many returned, or why that is unknown. */
async function weeks(
  folder: string,
  date: string,
  env: Record<string, string> = {},
): Promise<{ rows: readonly (readonly Cell[])[]; changes: readonly unknown[] }> {
  let found: { rows: readonly (readonly Cell[])[]; changes: readonly unknown[] } | undefined;
  await during(folder, date, env, async (app) => {
    const query = `site_id=${SITE}&start_date=2024-01-15&end_date=${date}&detail=true&count=4`;
    const response = await app.send(`/api/stats/retention?${query}`);
    const { rows, id_changes, lasting_ids } = await response.json();
    equal(lasting_ids, false);
    found = {
      changes: id_changes,
      rows: rows.map((row: { cohort_date: string; returned: Cell[]; missing: Cell[] }) => [
        row.cohort_date.slice(5),
        ...row.returned.map((visitors, at) => visitors ?? row.missing[at] ?? null),
      ]),
    };
  });
  return found ?? { rows: [], changes: [] };
}

// 2024-01-15 and the days 7 apart are Mondays. Ids of 30 days change on 2024-01-22 and 2024-02-21.
Deno.test("retention is unknown over a change from ids of a day to ids of 30", async () => {
  await withFolder(async (folder) => {
    await live(folder, [
      ["2024-01-16", "a"],
      ["2024-01-23", "a", "b"],
      ["2024-01-24", 30],
      ["2024-01-30", "a", "b"],
      ["2024-02-06", "a"],
      ["2024-02-13", "c"],
    ]);
    deepEqual(await weeks(folder, "2024-02-19"), {
      changes: [{ at: "2024-01-24T12:00:00.000Z", days: 30 }],
      rows: [
        ["01-15", 1, "ids_change", "ids_change", "ids_change"],
        ["01-22", 2, "ids_change", "ids_change", "ids_change"],
        // What is known is told, zeros too.
        ["01-29", 2, 1, 0, "not_over"],
        ["02-12", 1, "not_over", "not_over", "not_over"],
      ],
    });
  });
});

Deno.test("retention is unknown over a change from ids of 30 days to ids of a day", async () => {
  await withFolder(async (folder) => {
    await live(folder, [
      // Set before the first event of the site: nothing of it changed.
      ["2024-01-22", 30, "a", "b"],
      ["2024-01-30", "a", "c"],
      ["2024-02-07", 1],
      ["2024-02-08", "a", "b", "c"],
      ["2024-02-13", "a"],
    ]);
    const { rows, changes } = await weeks(folder, "2024-02-19");
    deepEqual(changes, [{ at: "2024-02-07T12:00:00.000Z", days: 1 }]);
    deepEqual(rows, [
      ["01-22", 2, 1, "ids_change", "ids_change"],
      ["01-29", 1, "ids_change", "ids_change", "not_over"],
      ["02-05", 3, "ids_change", "not_over", "not_over"],
      ["02-12", 1, "not_over", "not_over", "not_over"],
    ]);
  });
});

Deno.test("retention is unknown over another secret, and over ids that were off", async () => {
  const secrets = { one: "a first long secret of tests", other: "another long secret of tests" };
  for (
    const env of [
      { MALLARD_SECRET: secrets.other },
      { MALLARD_SUPPRESS_VISITOR_ID: "true" },
      { MALLARD_VISITOR_SALT: "random" },
    ] as Record<string, string>[]
  ) {
    await withFolder(async (folder) => {
      const first = { MALLARD_SECRET: secrets.one };
      const envOf = (date: string) => date < "2024-02-06" ? first : { ...first, ...env };
      await live(folder, [
        ["2024-01-22", 30, "a"],
        ["2024-01-30", "a"],
        ["2024-02-06", "a"],
        ["2024-02-13", "a"],
      ], envOf);
      const { rows } = await weeks(folder, "2024-02-19", envOf("2024-02-19"));
      deepEqual(rows[0], ["01-22", 1, 1, "ids_change", "ids_change"], JSON.stringify(env));
    });
  }
});

Deno.test("a setting that is taken back at once changes nothing", async () => {
  await withFolder(async (folder) => {
    await live(folder, [["2024-01-22", 30, "a"], ["2024-01-23", 1, 30], ["2024-01-30", "a"]]);
    const { rows, changes } = await weeks(folder, "2024-02-05");
    deepEqual([rows, changes], [[["01-22", 1, 1, "not_over", "not_over"]], []]);
  });
});
