import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
import { rangeOfDays } from "../../src/core/period.ts";
import { type MetricName, METRICS } from "../../src/query/metrics.ts";
import { STANDARD_SETTINGS } from "../../src/query/parse.ts";
import { queryOf } from "../../src/query/query.ts";
import { pageview } from "../support/events.ts";
import { fakeSystem } from "../support/fake_system.ts";
import { NOW, runnerOf, SITE, statementsOf } from "../support/numbers/rolled_answers.ts";
import { openFolder, withFolder } from "../support/storage/storage.ts";

Deno.test("Runner asks nothing about a range without events, and says what that is", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem({ nowMs: NOW });
    const storage = await openFolder(folder, system);
    try {
      const context = runnerOf(storage, system, { zone: "UTC", idDays: 1 }, true).context(SITE);
      const today = Math.floor(NOW / 86_400_000);
      const ask = (day: number, metrics: readonly MetricName[], dimensions: readonly "day"[]) =>
        context.query(queryOf({
          ...{ site: SITE, nowUs: NOW * 1000, zone: "UTC", weekStart: 1, filter: null, goals: [] },
          range: { ...rangeOfDays("UTC", day, day + 1), dates: null },
          gapUs: STANDARD_SETTINGS.gapUs,
        }, { metrics, dimensions }));
      const counted = async (day: number, isLooked: boolean) => {
        const answers: unknown[] = [];
        const looks = storage.reader.hasNothing;
        if (!isLooked) storage.reader.hasNothing = () => Promise.resolve(false);
        const texts = await statementsOf(storage, async () => {
          for (const name of Object.keys(METRICS) as MetricName[]) {
            const steps = METRICS[name].appliesTo === "pages";
            if (!steps) answers.push(await ask(day, [name], []), await ask(day, [name], ["day"]));
          }
        });
        storage.reader.hasNothing = looks;
        return { answers, statements: texts.length };
      };
      const event = (day: number) => pageview({ at: (day * 86_400 + 43_200) * 1_000_000 });
      await storage.append([event(today - 9), { ...event(today - 5), site_id: "other.example" }]);
      await storage.flusher.flush();
      await storage.append([event(today)]);
      const [told, asked] = [await counted(today - 5, true), await counted(today - 5, false)];
      equal(told.statements, 0);
      ok(asked.statements > 0);
      deepEqual(told.answers, asked.answers);
      for (const day of [today, today - 9]) ok((await counted(day, true)).statements > 0);
      // What has just come counts, hot or not yet.
      await storage.append([event(today - 5)]);
      ok((await counted(today - 5, true)).statements > 0);
    } finally {
      await storage.close();
    }
  });
});
