// A real file system that fills up under the running program. Where the test may not mount one it
// is skipped: faults of single operations are tested with the storage.
import assert from "node:assert";
import { openApp } from "../support/server/running_app.ts";

const CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 " +
  "(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
const SIZE = "12m";

async function run(command: string, ...args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(command, { args, stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

const mayMount = await (async () => {
  const folder = await Deno.makeTempDir({ prefix: "mallard-disk-" });
  const mounted = await run("mount", "-t", "tmpfs", "-o", `size=${SIZE}`, "tmpfs", folder);
  if (mounted) await run("umount", folder);
  else console.log("skipped: a small file system cannot be mounted here");
  await Deno.remove(folder);
  return mounted;
})();

Deno.test({
  name: "A full disk answers 503 with Retry-After, statistics go on, and events are taken again",
  ignore: !mayMount,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "mallard-disk-" });
    await run("mount", "-t", "tmpfs", "-o", `size=${SIZE}`, "tmpfs", folder);
    const app = await openApp({}, { folder });
    const send = (n: number) =>
      app.send("/api/event", {
        method: "POST",
        headers: { "user-agent": CHROME },
        body: JSON.stringify({
          d: "example.com",
          n: "pageview",
          u: `/${n}`,
          p: { n, filler: "x".repeat(2000) },
        }),
      });
    const counted = async () => {
      const response = await app.send("/api/stats/main?site_id=example.com&period=day");
      assert.strictEqual(response.status, 200);
      return (await response.json()).total_pageviews;
    };
    try {
      assert.strictEqual((await send(0)).status, 202);
      let accepted = 1;
      await fill(`${folder}/filler`);
      let refused: Response | undefined;
      for (let n = 1; n <= 5000 && !refused; n++) {
        const response = await send(n);
        if (response.status === 202) accepted++;
        else refused = response;
      }
      assert.strictEqual(refused?.status, 503);
      assert.match(refused.headers.get("retry-after") ?? "", /^\d+$/);
      assert.strictEqual(await counted(), accepted);
      const health = await (await app.send("/health/detailed")).json();
      assert.strictEqual(health.status, "degraded");
      await Deno.remove(`${folder}/filler`);
      assert.strictEqual((await send(6000)).status, 202);
      assert.strictEqual(await counted(), accepted + 1);
      await app.close();
      const again = await openApp({}, { folder });
      const response = await again.send("/api/stats/main?site_id=example.com&period=day");
      assert.strictEqual((await response.json()).total_pageviews, accepted + 1);
      await again.close();
    } finally {
      await run("umount", folder);
      await Deno.remove(folder).catch(() => {});
    }
  },
});

/** Writes a file until nothing more fits. */
async function fill(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  const block = new Uint8Array(4096);
  try {
    for (;;) await file.write(block);
  } catch {
    // Full.
  }
}
