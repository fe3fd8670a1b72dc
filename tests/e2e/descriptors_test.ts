// A real server whose process runs out of descriptors while reports read Parquet files.
import assert from "node:assert";
import { pageview } from "../support/events.ts";
import { startReady } from "../support/server/ready_server.ts";
import { accept, openFolder, withFolder } from "../support/storage/storage.ts";

const DAYS = 20;
const RANGE = "site_id=example.com&start_date=2024-01-01&end_date=2024-01-31";
const not = (n: number) => encodeURIComponent(`is_not(page,/none${n})`);

/** Sets the limit of open files of a running process; false where it cannot be set. */
async function limitFiles(pid: number, count: number): Promise<boolean> {
  const args = ["--pid", String(pid), `--nofile=${count}:`];
  try {
    return (await new Deno.Command("prlimit", { args, stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

/** The lowest number that no open file has: with it as the limit no other can be opened. */
async function firstFree(pid: number): Promise<number> {
  const open = new Set<number>();
  for await (const { name } of Deno.readDir(`/proc/${pid}/fd`)) open.add(Number(name));
  let number = 0;
  while (open.has(number)) number++;
  return number;
}

Deno.test({
  name: "A server without descriptors refuses reports, and answers whole ones afterwards",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await withFolder(async (folder) => {
      const storage = await openFolder(folder);
      const events = Array.from(
        { length: DAYS },
        (_, n) => pageview({ at: `2024-01-${String(n + 1).padStart(2, "0")} 10:00:00` }),
      );
      await accept(storage, events);
      await storage.flusher.flush();
      await storage.close();
      const server = await startReady(folder, { MALLARD_CACHE_TTL_SECS: "0" });
      try {
        let page = 0;
        // Each question is another one, so that no cache answers it.
        const ask = () => fetch(`${server.url}/api/stats/main?${RANGE}&filters=${not(page++)}`);
        const counted = async () => (await (await ask()).json()).total_pageviews;
        assert.strictEqual(await counted(), DAYS);
        const pid = Number(await Deno.readTextFile(`${folder}/mallard.pid`));
        // The connection of this client stays open: only its answer is of interest.
        if (!await limitFiles(pid, await firstFree(pid))) {
          return console.log("skipped: the limit of a process cannot be set");
        }
        const refused = await ask();
        assert.strictEqual(refused.status, 503, await refused.text());
        assert.match(refused.headers.get("retry-after") ?? "", /^\d+$/);
        assert.ok(await limitFiles(pid, 1024));
        assert.strictEqual(await counted(), DAYS);
        const { quarantined_count } = await (await fetch(`${server.url}/health/detailed`)).json();
        assert.strictEqual(quarantined_count, 0);
      } finally {
        await server.stop();
      }
    });
  },
});
