// What the C library is asked for.
import assert from "node:assert/strict";
import { readSystemFile, releaseMemory, unchangedFiles } from "../../src/runtime/c_library.ts";

const RIGHTS = "VmFlags: rd mr mw me sd";

Deno.test("unchangedFiles() takes what programs and libraries map and never change", () => {
  const mapping = (head: string, anonymous: number) =>
    `${head}\nRss:  64 kB\nAnonymous:  ${anonymous} kB\n${RIGHTS}\n`;
  const smaps = [
    mapping("5000-6000 r--p 00000000 fe:01 4711                       /usr/bin/mallard", 0),
    mapping("6000-9000 r-xp 00001000 fe:01 4711                       /usr/bin/mallard", 0),
    mapping("9000-a000 r--p 00004000 fe:01 4711                       /usr/bin/mallard", 4),
    mapping("a000-b000 rw-p 00005000 fe:01 4711                       /usr/bin/mallard", 0),
    mapping("b000-c000 r--s 00005000 fe:01 4712                       /var/shared", 0),
    mapping("c000-d000 r-xp 00000000 00:00 0 ", 0),
    mapping("d000-e000 r-xp 00000000 00:00 0                          [vdso]", 0),
    mapping("e000-f000 r--p 00000000 fe:01 12                         /var/locale-archive", 0),
    mapping("7fff00000000-7fff00001000 r--p 00000000 fe:01 9          /lib/a name.so", 0),
    mapping("7fff00001000-7fff00003000 r-xp 00001000 fe:01 9          /lib/a name.so", 4),
  ].join("");
  assert.deepEqual(unchangedFiles(smaps), [
    { from: 0x5000n, bytes: 0x1000n },
    { from: 0x6000n, bytes: 0x3000n },
    { from: 0x7fff00000000n, bytes: 0x1000n },
  ]);
});

Deno.test({
  name: "releaseMemory() gives pages of files back, and the program goes on",
  ignore: Deno.build.os !== "linux",
  fn() {
    const fileKb = () => Number(/^RssFile:\s+(\d+)/m.exec(status())?.[1]);
    const status = () => readSystemFile("/proc/self/status") ?? "";
    const before = fileKb();
    releaseMemory();
    const after = fileKb();
    assert.ok(after < before / 2, `${before} kB before, ${after} kB after`);
    assert.deepEqual(JSON.parse(JSON.stringify([1, "a"])), [1, "a"]);
  },
});

Deno.test({
  name: "exitAtOnce() ends the process before anything that belongs to its end",
  ignore: Deno.build.os === "windows",
  async fn() {
    const module = import.meta.resolve("../../src/runtime/c_library.ts");
    const program = `
      import { exitAtOnce } from ${JSON.stringify(module)};
      addEventListener("unload", () => console.log("the end"));
      console.log("before");
      if (Deno.args[0] === "at once") exitAtOnce(3);
      Deno.exit(4);`;
    const run = async (how: string) => {
      const { code, stdout } = await new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "--no-check",
          "-A",
          `data:application/typescript,${encodeURIComponent(program)}`,
          how,
        ],
      }).output();
      return [code, new TextDecoder().decode(stdout)];
    };
    assert.deepEqual(await run("at once"), [3, "before\n"]);
    assert.deepEqual(await run("in order"), [4, "before\nthe end\n"]);
  },
});
