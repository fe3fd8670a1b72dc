// The running program on a disk that is nearly full, in a mount namespace, and among files that it
// may not read or write, without the rights of root. Where either cannot be had, that test is
// skipped.
import assert from "node:assert/strict";
import { type ReadyServer, startReady } from "../support/server/ready_server.ts";
import { withFolder } from "../support/storage/storage.ts";
import { until } from "../support/wait.ts";

const CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 " +
  "(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
/** A little more than what the program calls nearly full. */
const DISK = "280m";
const FILLER_BYTES = 40 * 1024 * 1024;

/** Runs what follows in a namespace where a small file system is mounted over a folder. */
const mounting = (folder: string) => [
  ...["unshare", "-rm", "sh", "-c"],
  `mount -t tmpfs -o size=${DISK} tmpfs "$0" && exec "$@"`,
  folder,
];
/** Runs what follows as a user whom the modes of files stop, root included. */
const WITHOUT_RIGHTS = [
  "setpriv",
  "--bounding-set=-dac_override,-dac_read_search",
  "--inh-caps=-dac_override,-dac_read_search",
];

async function works([command = "", ...args]: readonly string[]): Promise<boolean> {
  try {
    const options = { args, stdout: "null", stderr: "null" } as const;
    return (await new Deno.Command(command, options).output()).success;
  } catch {
    return false;
  }
}

const mayMount = await (async () => {
  const folder = await Deno.makeTempDir({ prefix: "mallard-disk-" });
  const may = await works([...mounting(folder), "true"]);
  await Deno.remove(folder);
  if (!may) console.log("skipped: no file system can be mounted in a namespace");
  return may;
})();

/** Root needs setpriv to be stopped by the modes of files; other users do not. */
const under = Deno.uid() === 0 ? WITHOUT_RIGHTS : [];
const isStopped = Deno.build.os === "linux" &&
  (Deno.uid() !== 0 || await works([...WITHOUT_RIGHTS, "true"]));
if (!isStopped) console.log("skipped: the rights of root cannot be dropped");

async function sendEvent({ url }: ReadyServer): Promise<Response> {
  const body = JSON.stringify({ d: "example.com", n: "pageview", u: "/" });
  const response = await fetch(`${url}/api/event`, {
    method: "POST",
    body,
    headers: { "user-agent": CHROME },
  });
  await response.body?.cancel();
  return response;
}

async function health({ url }: ReadyServer) {
  await (await fetch(`${url}/health/ready`)).body?.cancel();
  return await (await fetch(`${url}/health/detailed`)).json();
}

/** The headline numbers of today; their cache is off. */
function askMain({ url }: ReadyServer): Promise<Response> {
  return fetch(`${url}/api/stats/main?site_id=example.com&period=7d`);
}

async function counted(server: ReadyServer): Promise<number> {
  const response = await askMain(server);
  assert.equal(response.status, 200);
  return (await response.json()).total_pageviews;
}

Deno.test({
  name: "A disk that is nearly full is told by /health and /metrics, and events are still taken",
  ignore: !mayMount,
  fn: () =>
    withFolder(async (folder) => {
      const server = await startReady(folder, {}, mounting(folder));
      try {
        assert.deepEqual((await health(server)).degraded, []);
        const filler = `/proc/${server.pid}/root${folder}/filler`;
        await Deno.writeFile(filler, new Uint8Array(FILLER_BYTES));
        const low = await health(server);
        assert.deepEqual([low.status, low.degraded], ["degraded", ["disk_space_low"]]);
        const metrics = await (await fetch(`${server.url}/metrics`)).text();
        assert.match(metrics, /^mallard_degraded\{reason="disk_space_low"\} 1$/m);
        const free = Number(/^mallard_disk_free_bytes (\d+)$/m.exec(metrics)?.[1]);
        assert.ok(free > 0 && free < 280 * 1024 * 1024, `${free}`);
        assert.equal((await sendEvent(server)).status, 202);
        assert.equal(await counted(server), 1);
        await Deno.remove(filler);
        assert.deepEqual((await health(server)).degraded, []);
        assert.match(server.output(), /The disk of data_dir is nearly full/);
      } finally {
        assert.equal(await server.stop(), 0, server.output());
      }
    }),
});

/** Paths of the Parquet files of today and the folder that they are in. */
async function partition(folder: string): Promise<{ folder: string; files: string[] }> {
  const site = `${folder}/events/site_id=example.com`;
  const [date] = await Array.fromAsync(Deno.readDir(site));
  const inner = `${site}/${date?.name}`;
  const found = await Array.fromAsync(Deno.readDir(inner));
  return { folder: inner, files: found.map(({ name }) => `${inner}/${name}`) };
}

Deno.test({
  name: "Files that may not be read or written cost no event: 503, then everything is there",
  ignore: !isStopped,
  fn: () =>
    withFolder(async (folder) => {
      const settings = { MALLARD_CACHE_TTL: "0", MALLARD_FLUSH_INTERVAL: "1" };
      const server = await startReady(folder, settings, under);
      const flushFails = async () => (await health(server)).degraded.includes("flush_failing");
      try {
        assert.equal((await sendEvent(server)).status, 202);
        await until(async () => (await health(server)).parquet_files === 1, "a file is written");
        const { folder: inner, files: [file = ""] } = await partition(folder);
        await Deno.chmod(file, 0);
        const refused = await askMain(server);
        assert.equal(refused.status, 503, await refused.text());
        assert.match(refused.headers.get("retry-after") ?? "", /^\d+$/);
        assert.equal((await health(server)).quarantined_count, 0);
        await Deno.chmod(file, 0o640);
        assert.equal(await counted(server), 1);
        await Deno.chmod(inner, 0o550);
        assert.equal((await sendEvent(server)).status, 202);
        await until(flushFails, "a flush fails");
        assert.equal(await counted(server), 2);
        await Deno.chmod(inner, 0o750);
        await until(async () => !await flushFails(), "a flush succeeds again");
        assert.equal(await counted(server), 2);
        assert.equal((await health(server)).quarantined_count, 0);
      } finally {
        assert.equal(await server.stop(), 0, server.output());
      }
    }),
});
