// A client that asks for a large response and does not read it, over real sockets.
import assert from "node:assert/strict";
import { connect } from "node:http2";
import { KEEP_ALIVE_MS_MAX } from "../../src/core/limits.ts";
import { Connections } from "../../src/runtime/connections.ts";
import { openListener } from "../../src/runtime/listener.ts";
import { realSystem } from "../../src/runtime/system.ts";
import { FakeClock } from "../support/fake_system.ts";
import { until } from "../support/wait.ts";

/** More than the buffers of the system hold. */
const LARGE = new Uint8Array(64 * 1024 * 1024);
const REQUEST = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");

/** Bytes that a connection still gives before it ends. */
async function readToEnd(connection: Deno.Conn): Promise<number> {
  const buffer = new Uint8Array(1024 * 1024);
  let read = 0;
  for (;;) {
    const count = await connection.read(buffer).catch(() => null);
    if (count === null) return read;
    read += count;
  }
}

Deno.test("a client that does not read a response loses its connection", async () => {
  const { clock } = realSystem({ format: "text", levelMin: "error" });
  const limitsClock = new FakeClock(1_000_000);
  const connections = new Connections(limitsClock, 10);
  let answered = 0;
  const listener = openListener(
    () => {
      answered++;
      return Promise.resolve(new Response(LARGE));
    },
    connections,
    clock,
    () => {},
    { host: "127.0.0.1", port: 0, certificate: null, addressKey: () => null },
  );
  const ask = async () => {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: listener.port });
    await connection.write(REQUEST);
    return connection;
  };
  const unread = await ask();
  await until(() => answered === 1, "the request is answered");
  // A response made in memory counts as sent once the runtime has it, in a later turn.
  await until(() => {
    limitsClock.advance(KEEP_ALIVE_MS_MAX);
    connections.sweep();
    return connections.counts().timedOut === 1;
  }, "the limit is reached");
  assert.ok(await readToEnd(unread) < LARGE.length);
  unread.close();
  await listener.close();
});

Deno.test("responses over HTTP/2 that are not read end their connection", async () => {
  const { clock } = realSystem({ format: "text", levelMin: "error" });
  const limitsClock = new FakeClock(1_000_000);
  const connections = new Connections(limitsClock, 10);
  const endings = [null, Promise.withResolvers<void>()];
  let answered = 0;
  const listener = openListener(
    (request, { onStream }) => {
      answered++;
      if (request.url.endsWith("/text")) return Promise.resolve(new Response("text"));
      onStream(endings[Number(request.url.at(-1))]?.promise ?? null);
      return Promise.resolve(new Response(new ReadableStream()));
    },
    connections,
    clock,
    () => {},
    { host: "127.0.0.1", port: 0, certificate: null, addressKey: () => null },
  );
  const ask = (path: string) => {
    // Its client takes no byte of any response.
    const settings = { initialWindowSize: 0 };
    const session = connect(`http://127.0.0.1:${listener.port}`, { settings });
    session.on("error", () => {});
    session.request({ ":path": path }).on("error", () => {});
    return { session, isClosed: new Promise((resolve) => session.once("close", resolve)) };
  };
  const timeOut = (count: number) =>
    until(() => {
      limitsClock.advance(KEEP_ALIVE_MS_MAX);
      connections.sweep();
      return connections.counts().timedOut === count;
    }, "the limit is reached");
  const [text, endless, stream] = [ask("/text"), ask("/stream/0"), ask("/stream/1")];
  await until(() => answered === 3, "all are answered");
  await timeOut(1);
  await text.isClosed;
  endings[1]?.resolve();
  await timeOut(2);
  await stream.isClosed;
  assert.equal(endless.session.destroyed, false);
  endless.session.destroy();
  await listener.close();
});
