// Which threads go first.
import assert from "node:assert/strict";
import os from "node:os";
import { importDuckDb } from "../../../src/storage/duckdb.ts";
import { openThreadList, readSystemFile } from "../../../src/runtime/c_library.ts";
import { threadOrder } from "../../../src/runtime/listening/thread_order.ts";

const WORKER = 'onmessage = () => postMessage("here")';

Deno.test({
  name: "threadOrder() puts DuckDB's threads behind the main thread and its workers",
  ignore: Deno.build.os !== "linux" || os.getPriority(Deno.pid) > 10,
  async fn() {
    const order = threadOrder();
    const own = os.getPriority(Deno.pid);
    const { DuckDBInstance } = await importDuckDb();
    const instance = await DuckDBInstance.create(":memory:", { threads: "3" });
    const connection = await instance.connect();
    const worker = new Worker(`data:text/javascript,${WORKER}`, { type: "module" });
    try {
      await new Promise((resolve) => {
        worker.onmessage = resolve;
        worker.postMessage(null);
      });
      await connection.run("select sum(range) from range(1000)");
      order();
      assert.equal(os.getPriority(Deno.pid), own);
      const found = prioritiesByName();
      const firstOnes = found.filter(([name]) => /^(worker-|V8 )/.test(name));
      assert.ok(firstOnes.some(([name]) => name.startsWith("worker-")), JSON.stringify(found));
      assert.deepEqual(new Set(firstOnes.map(([, nice]) => nice)), new Set([own]));
      // DuckDB's threads have the name of the thread that made them.
      const mainName = nameOf(Deno.pid);
      const behind = found.filter(([name]) => name === mainName || name.startsWith("tokio"));
      assert.ok(behind.filter(([name]) => name === mainName).length >= 2, JSON.stringify(found));
      assert.deepEqual(new Set(behind.map(([, nice]) => nice)), new Set([own + 5]));
    } finally {
      worker.terminate();
      connection.closeSync();
      instance.closeSync();
    }
  },
});

/** Of all threads but the main one. */
function prioritiesByName(): [string, number][] {
  const ids = openThreadList()?.() ?? [];
  return ids.filter((id) => id !== Deno.pid).map((id) => [nameOf(id), os.getPriority(id)]);
}

function nameOf(id: number): string {
  return readSystemFile(`/proc/self/task/${id}/comm`)?.trim() ?? "";
}
