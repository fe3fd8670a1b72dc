import assert from "node:assert/strict";
import { messageOf } from "../../src/core/errors.ts";
import { IMPORT_EVENTS_MAX } from "../../src/core/limits.ts";
import { memoryOf, memoryPlan, spillLimitOf } from "../../src/storage/memory.ts";

const MIB = 2 ** 20;
const UNSET = { memory_limit: null, threads: null };

/** Reads the files of a machine on which only these are. */
function machine(texts: Readonly<Record<string, string>>): (path: string) => string | null {
  return (path) => texts[path] ?? null;
}

Deno.test("memoryOf() takes the smallest of the machine and every group around it", () => {
  const own = "/proc/self/cgroup";
  const cases: [Record<string, string>, number | null][] = [
    [{}, 8192],
    [{ [own]: "0::/\n", "/sys/fs/cgroup/memory.max": `${512 * MIB}\n` }, 512],
    [{ [own]: "0::/\n", "/sys/fs/cgroup/memory.max": "max\n" }, 8192],
    [{ [own]: "0::/\n", "/sys/fs/cgroup/memory.max": `${64 * 1024 * MIB}\n` }, 8192],
    [{
      [own]: "0::/system.slice/mallard.service\n",
      "/sys/fs/cgroup/system.slice/mallard.service/memory.max": "max\n",
      "/sys/fs/cgroup/system.slice/memory.max": `${1024 * MIB}\n`,
      "/sys/fs/cgroup/memory.max": `${2048 * MIB}\n`,
    }, 1024],
    [{
      [own]: "0::/a/b\n",
      "/sys/fs/cgroup/a/b/memory.max": `${900 * MIB}`,
      "/sys/fs/cgroup/a/b/memory.high": `${800 * MIB}`,
    }, 800],
    [{ [own]: "0::/secret\n", "/sys/fs/cgroup/memory.max": `${700 * MIB}` }, 700],
    // Version 1, its own path mounted as the root of a container.
    [{
      [own]: "5:cpu:/x\n4:memory:/docker/1f\n",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": `${256 * MIB}\n`,
    }, 256],
    [{
      [own]: "4:memory:/docker/1f\n",
      "/sys/fs/cgroup/memory/docker/1f/memory.limit_in_bytes": `${300 * MIB}\n`,
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
    }, 300],
    [{ [own]: "not a list\n::::\n4:memory:\n" }, 8192],
  ];
  for (const [texts, expected] of cases) {
    const found = memoryOf(machine(texts), 8192 * MIB);
    assert.equal(found, expected === null ? null : expected * MIB, JSON.stringify(texts));
  }
  assert.equal(memoryOf(machine({}), null), null);
});

Deno.test("memoryPlan() leaves room for everything beside DuckDB", () => {
  const plan = (mib: number, set = {}) => memoryPlan(mib * MIB, { ...UNSET, ...set });
  for (const mib of [512, 768, 1024, 2048, 16_384]) {
    const { duckdbLimit, threadsMax, slots, cacheCharsMax, ...events } = plan(mib);
    const limit = Number(/^(\d+)MiB$/.exec(duckdbLimit ?? "")?.[1]);
    assert.ok(limit >= 96 && limit <= (mib - 224) / 2, `${mib}: ${duckdbLimit}`);
    assert.ok(threadsMax !== null && threadsMax >= 1 && threadsMax * 125 <= Math.max(125, limit));
    assert.ok(slots >= 2 && slots <= 4);
    assert.ok(cacheCharsMax <= mib * MIB / 64);
    assert.ok(events.hotRowsMax * 800 <= limit * MIB);
    assert.ok(events.queueEventsMax > IMPORT_EVENTS_MAX);
    assert.ok(events.queueEventsMax * 2048 <= mib * MIB / 16);
  }
  assert.deepEqual([plan(512).threadsMax, plan(512).slots, plan(16_384).slots], [1, 2, 4]);
  assert.equal(plan(512, { memory_limit: "200MB" }).duckdbLimit, "200MB");
  assert.equal(plan(512, { threads: 8 }).threadsMax, 8);
  // An owner's limit of DuckDB bounds all that is in DuckDB's memory, on a large machine too.
  for (const bytes of [16_384 * MIB, null]) {
    const own = memoryPlan(bytes, { ...UNSET, memory_limit: "200MiB" });
    const { hotRowsMax, slots, threadsMax } = own;
    assert.ok(hotRowsMax * 800 <= 100 * MIB, String(hotRowsMax));
    assert.deepEqual([slots, threadsMax], [2, 1]);
  }
  assert.deepEqual([plan(1024).slots, plan(4096).slots], [2, 4]);
  assert.equal(plan(100).duckdbLimit, "96MiB");
  assert.deepEqual(memoryPlan(null, { ...UNSET, memory_limit: "1GB" }).duckdbLimit, "1GB");
});

Deno.test("spillLimitOf() leaves half of the free space to events", () => {
  assert.equal(spillLimitOf("4GiB", { bytes: 100 * 1024 * MIB }), "4GiB");
  assert.equal(spillLimitOf("4GiB", { bytes: 20 * MIB }), "10240KiB");
  assert.equal(spillLimitOf("4GiB", { bytes: 0 }), "0KiB");
  assert.equal(spillLimitOf(undefined, { bytes: 20 * MIB }), "10240KiB");
  assert.deepEqual([spillLimitOf("4GiB", null), spillLimitOf(undefined, null)], ["4GiB", null]);
});

/** Makes a control group below that of this process, or says why it cannot. */
function controlGroup(bytes: number): { join: string; remove: () => void } | string {
  const groups = Deno.readTextFileSync("/proc/self/cgroup");
  const first = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(groups)?.[1];
  const second = /^0::(.*)$/m.exec(groups)?.[1];
  const folder = first === undefined
    ? `/sys/fs/cgroup${second}/mallard_test_${Deno.pid}`
    : `/sys/fs/cgroup/memory${first}/mallard_test_${Deno.pid}`;
  try {
    Deno.mkdirSync(folder);
    const file = first === undefined ? "memory.max" : "memory.limit_in_bytes";
    Deno.writeTextFileSync(`${folder}/${file}`, String(bytes));
    return { join: `${folder}/cgroup.procs`, remove: () => Deno.removeSync(folder) };
  } catch (error) {
    try {
      Deno.removeSync(folder);
    } catch { /* it was not made */ }
    return messageOf(error);
  }
}

Deno.test("memoryOf() sees the limit of a real control group", async () => {
  const group = Deno.build.os === "linux" ? controlGroup(400 * MIB) : "this is not Linux";
  if (typeof group === "string") return console.log(`skipped, no control group: ${group}`);
  const script = `
    import { readSystemFile } from "./src/runtime/c_library.ts";
    import { memoryOf } from "./src/storage/memory.ts";
    console.log(memoryOf(readSystemFile, Deno.systemMemoryInfo().total));`;
  // With no right to read these files, as the program is started.
  const run = '"$1" run --no-check --allow-ffi --allow-sys --allow-read=. --ext=ts -';
  const shell = `echo $$ > "$0" && printf %s "$2" | exec ${run}`;
  const { stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", shell, group.join, Deno.execPath(), script],
    cwd: new URL("../..", import.meta.url),
  }).output();
  group.remove();
  const text = new TextDecoder();
  assert.equal(text.decode(stdout).trim(), String(400 * MIB), text.decode(stderr));
});
