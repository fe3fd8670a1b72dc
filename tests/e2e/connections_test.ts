// A server with 256 descriptors: more connections than that which send nothing, a log that nobody
// reads, signals of every kind, and a stop with an open stream. It answers throughout.
import assert from "node:assert/strict";
import { connect } from "node:http2";
import { fromSource } from "../../scripts/server_process.ts";
import { withFolder } from "../support/storage/storage.ts";
import { until } from "../support/wait.ts";

const DESCRIPTORS = 256;
const IDLE = 400;
const LOGGED_REQUESTS = 2000;
/** As many as the runtime's HTTP/2 takes over one connection. */
const STREAMS = 200;
const ENCODER = new TextEncoder();
const CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 " +
  "(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";

/** A connection that is used for one request after the other. */
class Client {
  readonly #connection: Deno.Conn;

  private constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  static async open(port: number): Promise<Client> {
    return new Client(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** The status of the next response. */
  async send(method: string, path: string, body = ""): Promise<number> {
    await this.#connection.write(ENCODER.encode(
      `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: ${CHROME}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    ));
    const buffer = new Uint8Array(16 * 1024);
    const count = await this.#connection.read(buffer) ?? 0;
    return Number(
      /^HTTP\/1\.1 (\d+)/.exec(new TextDecoder().decode(buffer.subarray(0, count)))
        ?.[1],
    );
  }

  /** Whether the server has closed it; waits until it says anything. */
  async isClosed(): Promise<boolean> {
    return await this.#connection.read(new Uint8Array(1)).catch(() => null) === null;
  }

  close(): void {
    this.#connection.close();
  }
}

/** A server under the limit, of which only the ready line is read. */
async function start(dataDir: string) {
  const { command, args, env } = fromSource();
  const child = new Deno.Command("sh", {
    args: ["-c", `ulimit -n ${DESCRIPTORS}; exec "$@"`, "sh", command, ...args],
    clearEnv: true,
    env: { ...env, MALLARD_HOST: "127.0.0.1", MALLARD_PORT: "0", MALLARD_DATA_DIR: dataDir },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let output = "";
  for (;;) {
    const { value, done } = await reader.read();
    assert.ok(!done, "the server ended before it was ready");
    output += value;
    const port = /is ready: http:\/\/127\.0\.0\.1:(\d+)/.exec(output)?.[1];
    if (port !== undefined) return { child, reader, port: Number(port) };
  }
}

async function sendEvent(client: Client, path: string): Promise<void> {
  const body = JSON.stringify({ d: "example.com", n: "pageview", u: `https://example.com${path}` });
  assert.equal(await client.send("POST", "/api/event", body), 202, path);
}

async function getJson(port: number, path: string): Promise<Record<string, unknown>> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  assert.equal(response.status, 200, path);
  return await response.json();
}

async function outliveIdleConnections(port: number): Promise<void> {
  const before = await Client.open(port);
  await sendEvent(before, "/before");
  const idle = await Promise.all(Array.from({ length: IDLE }, () => Client.open(port)));
  await sendEvent(before, "/during");
  const health = await getJson(port, "/health/detailed");
  assert.equal(health["descriptor_limit"], DESCRIPTORS);
  assert.equal(health["connections_max"], DESCRIPTORS / 2);
  assert.ok(Number(health["connections_open"]) <= DESCRIPTORS / 2);
  // The first of the idle ones had to leave.
  assert.ok(await idle[0]?.isClosed());
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  assert.match(metrics, /\nmallard_descriptor_limit 256\n/);
  assert.match(metrics, /\nmallard_connections_closed_total\{reason="evicted"\} [1-9]/);
  for (const client of idle) client.close();
  await until(async () => {
    const { connections_open } = await getJson(port, "/health/detailed");
    return Number(connections_open) < 10;
  }, "the idle connections are gone");
  await sendEvent(before, "/after");
  before.close();
  const main = await getJson(port, "/api/stats/main?site_id=example.com&period=7d");
  assert.equal(main["total_pageviews"], 3);
}

/** Requests over one cleartext HTTP/2 connection are limited like connections. */
async function outliveStreams(port: number): Promise<void> {
  const session = connect(`http://127.0.0.1:${port}`);
  const statuses: unknown[] = [];
  for (let n = 0; n < STREAMS; n++) {
    // Its body never ends.
    const stream = session.request({ ":method": "POST", ":path": "/api/event" });
    stream.on("response", (headers) => statuses.push(headers[":status"]));
    stream.on("error", () => {});
    stream.write("{");
  }
  const excess = STREAMS - DESCRIPTORS / 2;
  await until(() => statuses.length >= excess, "what is too much is refused");
  assert.deepEqual(new Set(statuses.slice(0, excess)), new Set([503]));
  session.destroy();
  await until(async () => {
    const response = await fetch(`http://127.0.0.1:${port}/health/detailed`);
    const { requests_open, requests_max } = await response.json();
    return response.status === 200 && requests_max === DESCRIPTORS / 2 && requests_open === 1;
  }, "the streams are gone");
}

/** The runtime's HTTP/2 ends a connection that opens streams only to reset them. */
async function outliveResets(port: number): Promise<void> {
  let isEnded = false;
  await until(async () => {
    const session = connect(`http://127.0.0.1:${port}`);
    session.on("goaway", () => isEnded = true);
    session.on("error", () => {});
    for (let n = 0; n < STREAMS / 2; n++) {
      const stream = session.request({ ":path": "/health" });
      stream.on("error", () => {});
      stream.close();
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    session.destroy();
    return isEnded;
  }, "a connection is ended");
}

/** Sets the soft limit of descriptors of a running process; false where no program can. */
async function setLimit(pid: number, soft: number): Promise<boolean> {
  const args = ["--pid", String(pid), `--nofile=${soft}:${DESCRIPTORS}`];
  try {
    return (await new Deno.Command("prlimit", { args }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Accepting fails, and goes on when descriptors are there again. */
async function outliveShortage(pid: number, port: number): Promise<void> {
  const before = await Client.open(port);
  await sendEvent(before, "/enough");
  // No descriptor is as high as the limit, unless it is opened from now on.
  if (Deno.build.os !== "linux" || !await setLimit(pid, 8)) {
    before.close();
    return console.log("Skipping the shortage of descriptors: no prlimit");
  }
  const waiting = await Client.open(port);
  const answer = waiting.send("GET", "/health");
  await sendEvent(before, "/shortage");
  await setLimit(pid, DESCRIPTORS);
  assert.equal(await answer, 200);
  await sendEvent(waiting, "/enough again");
  for (const client of [before, waiting]) client.close();
}

async function outliveUnreadLog(port: number): Promise<void> {
  const client = await Client.open(port);
  for (let n = 0; n < LOGGED_REQUESTS; n++) {
    assert.equal(await client.send("GET", "/robots.txt"), 200);
  }
  for (let n = 0; n < 20; n++) assert.equal(await client.send("GET", "/nowhere"), 404);
  await sendEvent(client, "/unread");
  client.close();
}

Deno.test({
  name: "A server with few descriptors outlives idle connections, an unread log and signals",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (dataDir) => {
      const { child, reader, port } = await start(dataDir);
      await outliveIdleConnections(port);
      await outliveStreams(port);
      await outliveResets(port);
      await outliveShortage(child.pid, port);
      await outliveUnreadLog(port);
      for (const signal of ["SIGUSR1", "SIGUSR2", "SIGHUP"] as const) child.kill(signal);
      assert.equal((await getJson(port, "/health/detailed"))["status"], "ok");
      const stream = await fetch(
        `http://127.0.0.1:${port}/api/stats/live?site_id=example.com`,
      );
      assert.equal(stream.status, 200);
      const log = new Response(child.stderr).text();
      child.kill("SIGQUIT");
      // The stream ends in order: a connection that breaks off would reject.
      assert.match(await stream.text(), /^retry: 5000\n\nevent: realtime\n/);
      assert.equal((await child.status).code, 0);
      await reader.cancel();
      const lines = (await log).split("\n");
      const count = (text: string) => lines.filter((line) => line.includes(text)).length;
      assert.equal(count("The limit of open files is low descriptor_limit=256 raise="), 1);
      assert.equal(count("route=/robots.txt"), LOGGED_REQUESTS);
      assert.equal(count("Request completed method=GET route=(none) status=404"), 1);
      assert.equal(count("Refused more requests route=(none) status=404 count=19"), 1);
      assert.equal(count("Stopping signal=SIGQUIT"), 1);
      // Nothing but the log writes to standard error, where strangers could make it.
      const foreign = lines.filter((line) => !/^(\d{4}-\d\d-\d\dT\S+ |$)/.test(line));
      assert.deepEqual(foreign, []);
      assert.equal(count("Debugger listening"), 0, "SIGUSR1 opens no debugger");
      assert.match(lines.at(-2) ?? "", / Stopped$/);
    }),
});
