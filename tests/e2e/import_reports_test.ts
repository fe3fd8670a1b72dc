// What every report answers of each tool's files, over HTTP: of single events the numbers that a
// count of the views gives, and the same whatever tool they come from; of sums the sums, or what is
// left out. Undoing gives back the answers of before, byte for byte.
import assert from "node:assert/strict";
import { REPORTS } from "../../src/query/reports/reports.ts";
import { SUM_FILES } from "../support/sources/sum_files.ts";
import { VIEW_FILES, VIEWS } from "../support/sources/views.ts";
import {
  type Answers,
  answersOf,
  declare,
  HEADERS,
  imported,
  QUESTIONS,
  undone,
  withoutDigits,
} from "../support/server/import_answers.ts";
import { startReady } from "../support/server/ready_server.ts";
import { withFolder } from "../support/storage/storage.ts";

/** Reports that tell of now, of what is no pageview, or of single rows. */
const OTHERS = ["realtime", "live", "bots", "vitals", "visits", "export", "view", "schema"];

/** The numbers of the views, counted by themselves. */
function checkNumbers(answers: Answers): void {
  const parsed = (name: string) => JSON.parse(answers[name] ?? "null");
  const [row] = parsed("query").results;
  // A visit ends after half an hour: the last view of c is one of its own, and b has one view.
  assert.deepEqual(row.metrics, {
    visitors: 3,
    visits: 4,
    pageviews: VIEWS.length,
    events: VIEWS.length,
    bounce_rate: 0.5,
    visit_duration: (210 + 0 + 20 + 0) / 4,
    views_per_visit: VIEWS.length / 4,
  });
  // Of a and c, who see "/" and then "/docs".
  assert.deepEqual(parsed("funnel"), [{ step: 1, visitors: 2 }, { step: 2, visitors: 2 }]);
  assert.equal(parsed("sequences").converting_visitors, 2);
  assert.equal(parsed("sequences").total_visitors, 3);
  const byPage = parsed("query page").results.map((
    { dimensions, metrics }: {
      dimensions: string[];
      metrics: { visitors: number; pageviews: number };
    },
  ) => [dimensions[0], metrics.visitors, metrics.pageviews]);
  const paths = [...new Set(VIEWS.map(({ path }) => path))].sort();
  assert.deepEqual(
    byPage,
    paths.map((path) => {
      const views = VIEWS.filter((one) => one.path === path);
      return [path, new Set(views.map(({ visitor }) => visitor)).size, views.length];
    }),
  );
}

Deno.test("every report has the same numbers, whatever tool single events come from", async () => {
  for (const name of Object.keys(REPORTS)) {
    const isAsked = Object.keys(QUESTIONS).some((one) => one.split(" ")[0] === name) ||
      name.startsWith("breakdown/");
    assert.ok(isAsked || OTHERS.includes(name), `${name} is not asked`);
  }
  await withFolder(async (folder) => {
    const server = await startReady(folder, {});
    const { url } = server;
    let first: Answers | null = null;
    for (const [tool, text] of Object.entries(VIEW_FILES)) {
      const site = `${tool}.example`;
      await declare(url, site);
      const before = await answersOf(url, site);
      const id = await imported(url, site, text, `${tool}.txt`);
      const answers = withoutDigits(await answersOf(url, site));
      if (first === null) checkNumbers(answers);
      first ??= answers;
      assert.deepEqual(answers, first, tool);
      const lines = await (await fetch(`${url}/api/sites/${site}/export?format=ndjson`)).text();
      const exported = lines.trim().split("\n").map((line) => JSON.parse(line))
        .map(({ timestamp, pathname }) => `${timestamp.slice(0, 19)}Z ${pathname}`);
      assert.deepEqual(exported.sort(), VIEWS.map(({ at, path }) => `${at} ${path}`).sort(), tool);
      if (tool === "umami") {
        // Its own export, back into another site.
        const file = await fetch(`${url}/api/sites/${site}/export?format=parquet`);
        await declare(url, "own.example");
        await imported(url, "own.example", await file.arrayBuffer(), "own.parquet");
        assert.deepEqual(withoutDigits(await answersOf(url, "own.example")), first);
      }
      await undone(url, id, tool);
      assert.deepEqual(await answersOf(url, site), before, `${tool}, undone`);
    }
    await server.stop();
  });
});

Deno.test("every report answers with sums of imported days, or says what it lacks", async () => {
  await withFolder(async (folder) => {
    const server = await startReady(folder, {});
    const { url } = server;
    for (const [tool, [name, body]] of Object.entries(SUM_FILES)) {
      const site = `${tool}.example`;
      await declare(url, site);
      const before = await answersOf(url, site);
      const id = await imported(url, site, body, name);
      const answers = await answersOf(url, site);
      for (const question of Object.keys(QUESTIONS)) {
        // Lists say it in headers, other answers in their meta.
        const told = `${answers[question]} ${answers[`${question} ${HEADERS}`]}`;
        const isTold = /"(?:imported|left_out)":\[\{"import":| \d{4}-\d\d-\d\d\/2024-01-0/;
        assert.match(told, isTold, `${tool}: ${question}`);
      }
      await undone(url, id, tool);
      assert.deepEqual(await answersOf(url, site), before, `${tool}, undone`);
    }
    await server.stop();
  });
});
