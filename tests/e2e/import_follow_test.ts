// An access log that a real process follows into a real server: both are killed, the log is
// rotated, and every view is counted once.
import assert from "node:assert/strict";
import { fromSource, ServerProcess } from "../../scripts/server_process.ts";
import { withFolder } from "../support/storage/storage.ts";

const SITE = "example.com";
const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0";

/** Lines of a log of now: a view, a file and a robot. */
function linesOf(from: number, count: number): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(
    new Date(Date.now() - 60_000).toUTCString(),
  ) ?? [];
  const line = (path: string, agent: string) =>
    `203.0.113.9 - - [${day}/${month}/${year}:${time} +0000] "GET ${path} HTTP/1.1" 200 9 "-" ` +
    `"${agent}"\n`;
  return Array.from(
    { length: count },
    (_, n) =>
      line(`/page/${from + n}`, FIREFOX) + line("/style.css", FIREFOX) +
      line("/robot", "Googlebot/2.1 (+http://www.google.com/bot.html)"),
  ).join("");
}

function startFollowing(dataDir: string, log: string): Deno.ChildProcess {
  const { command, args, env } = fromSource();
  return new Deno.Command(command, {
    args: [...args, "import", "--follow", log, "--site", SITE],
    env: { ...env, MALLARD_DATA_DIR: dataDir },
    stdout: "null",
    stderr: "inherit",
  }).spawn();
}

async function killed(child: Deno.ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await child.status;
}

/** The views of each page. */
async function pagesOf(server: ServerProcess): Promise<number[]> {
  const answer = await fetch(
    `${server.url}/api/stats/breakdown/pages?site_id=${SITE}&period=7d&limit=200`,
  );
  if (!answer.ok) {
    await answer.body?.cancel();
    return [];
  }
  const rows: { pageviews: number }[] = await answer.json();
  return rows.map(({ pageviews }) => pageviews);
}

async function until(server: ServerProcess, pages: number): Promise<void> {
  for (const from = performance.now(); (await pagesOf(server)).length < pages;) {
    assert.ok(performance.now() - from < 120_000, `${(await pagesOf(server)).length} pages`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

Deno.test("A followed log is counted once, whoever is killed", async () => {
  await withFolder(async (dataDir) => {
    const log = `${dataDir}/access.log`;
    await Deno.writeTextFile(log, linesOf(0, 30));
    const start = () => ServerProcess.start(fromSource(), { dataDir }).ready();
    let server = await start();
    let follower = startFollowing(dataDir, log);
    try {
      await until(server, 30);
      await Deno.writeTextFile(log, linesOf(30, 30), { append: true });
      await killed(follower);
      await Deno.rename(log, `${log}.1`);
      await Deno.writeTextFile(log, linesOf(60, 20));
      follower = startFollowing(dataDir, log);
      await server.kill();
      server = await start();
      await until(server, 80);
      await Deno.writeTextFile(log, linesOf(80, 20), { append: true });
      await until(server, 100);
      assert.deepEqual(await pagesOf(server), Array(100).fill(1));
      const names = await Array.fromAsync(Deno.readDir(`${dataDir}/follow`), ({ name }) => name);
      assert.equal(names.length, 1);
    } finally {
      await killed(follower);
      await server.kill();
    }
  });
});
