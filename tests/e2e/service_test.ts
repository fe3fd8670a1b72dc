// The server under a service manager: what it tells a real socket, and whether systemd takes the
// unit of deploy/.
import assert from "node:assert/strict";
import { ROOT } from "../../scripts/lib.ts";
import { startReady } from "../support/server/ready_server.ts";
import { withFolder } from "../support/storage/storage.ts";

/** Prints the datagrams that come to a socket, one a line. */
const RECEIVER = `
const socket = Deno.listenDatagram({ transport: "unixpacket", path: Deno.args[0] });
console.log("listening");
for await (const [bytes] of socket) console.log(new TextDecoder().decode(bytes).split("\\n")[0]);
`;

/** Lines of a process, as they come. */
async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + part).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

Deno.test({
  name: "the server tells a service manager that it is ready, alive and stopping",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/receiver.ts`, RECEIVER);
      const path = `${folder}/notify`;
      const receiver = new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--no-config", "--unstable-net", "-A", "receiver.ts", path],
        cwd: folder,
        stdout: "piped",
      }).spawn();
      const lines = linesOf(receiver.stdout);
      const next = async () => (await lines.next()).value;
      try {
        assert.equal(await next(), "listening");
        const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: "200000" };
        const server = await startReady(`${folder}/data`, env);
        assert.equal(await next(), "READY=1");
        assert.equal(await next(), "WATCHDOG=1");
        assert.equal(await server.stop(), 0, server.output());
        let line = await next();
        while (line === "WATCHDOG=1") line = await next();
        assert.equal(line, "STOPPING=1");
      } finally {
        receiver.kill("SIGKILL");
        await lines.return(undefined);
        await receiver.status;
      }
    }),
});

Deno.test("systemd takes the unit, and finds it well confined", async () => {
  const unit = await Deno.readTextFile(`${ROOT}deploy/systemd/mallard.service`);
  await withFolder(async (folder) => {
    const path = `${folder}/mallard.service`;
    // systemd-analyze wants programs that exist.
    await Deno.writeTextFile(path, unit.replaceAll("/usr/bin/mallard", Deno.execPath()));
    const analyze = async (...args: string[]) => {
      const done = await new Deno.Command("systemd-analyze", { args }).output();
      return { code: done.code, text: new TextDecoder().decode(done.stderr).trim() };
    };
    try {
      assert.deepEqual(await analyze("verify", "--man=no", path), { code: 0, text: "" });
      const confined = await analyze("security", "--offline=true", "--threshold=20", path);
      assert.equal(confined.code, 0, confined.text);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      console.log("systemd-analyze is not installed: the check of the unit is skipped");
    }
  });
});
