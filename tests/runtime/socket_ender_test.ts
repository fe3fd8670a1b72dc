// Connections to a TLS port that send nothing, or half a greeting: they end at the limits as others
// do, and a client that greets is answered meanwhile.
import assert from "node:assert/strict";
import { HEADERS_MS_MAX } from "../../src/core/limits.ts";
import { Connections } from "../../src/runtime/connections.ts";
import { type Listener, openListener } from "../../src/runtime/listener.ts";
import { realSystem } from "../../src/runtime/system.ts";
import { FakeClock } from "../support/fake_system.ts";
import { makeCertificate } from "../support/server/certificate.ts";

const MAX = 16;
const SILENT = 200;
/** The start of a TLS record whose rest does not come. */
const HALF_GREETING = new Uint8Array([0x16, 3, 1, 2, 0, 1, 0]);

async function openSilent(port: number, count: number): Promise<Deno.Conn[]> {
  const opened: Deno.Conn[] = [];
  for (let i = 0; i < count; i++) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    if (i % 2 === 1) await connection.write(HALF_GREETING).catch(() => {});
    opened.push(connection);
  }
  return opened;
}

/** Resolves once the server has ended it. */
async function ended(connection: Deno.Conn): Promise<void> {
  assert.equal(await connection.read(new Uint8Array(1)).catch(() => null), null);
}

async function ask(port: number, certificate: string): Promise<string> {
  const client = Deno.createHttpClient({ caCerts: [certificate] });
  try {
    const request = new Request(`https://localhost:${port}/`);
    const init: RequestInit & { client: Deno.HttpClient } = { client };
    return await (await fetch(request, init)).text();
  } finally {
    client.close();
  }
}

Deno.test({
  name: "connections that do not finish a TLS handshake end at the limits",
  ignore: Deno.build.os === "windows",
  async fn() {
    const { clock } = realSystem({ format: "text", levelMin: "error" });
    const limitsClock = new FakeClock(1_000_000);
    const connections = new Connections(limitsClock, MAX);
    const certificate = makeCertificate();
    const listener: Listener = openListener(
      () => Promise.resolve(new Response("here")),
      connections,
      clock,
      () => {},
      { host: "127.0.0.1", port: 0, certificate: () => certificate, addressKey: () => null },
    );
    const silent = await openSilent(listener.port, SILENT);
    try {
      await Promise.all(silent.slice(0, SILENT - MAX).map(ended));
      assert.equal(await ask(listener.port, certificate.cert), "here");
      limitsClock.advance(HEADERS_MS_MAX);
      connections.sweep();
      await Promise.all(silent.slice(SILENT - MAX).map(ended));
      assert.equal(await ask(listener.port, certificate.cert), "here");
    } finally {
      for (const connection of silent) connection.close();
      await listener.close();
    }
  },
});
