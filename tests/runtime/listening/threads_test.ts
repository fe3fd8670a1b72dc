// A port with several listeners answers as one with a single listener does, byte for byte.
import assert from "node:assert/strict";
import { BODY_BYTES_MAX } from "../../../src/core/limits.ts";
import type { Handle } from "../../../src/runtime/listener.ts";
import { eventRequestOf } from "../../../src/runtime/listening/handed_request.ts";
import { LEFT } from "../../../src/runtime/listening/messages.ts";
import { openThreads, type Threads } from "../../../src/runtime/listening/threads.ts";
import { realSystem } from "../../../src/runtime/system.ts";

const { clock } = realSystem({ format: "text", levelMin: "error" });
const THREADS = 3;

const OPTIONS = {
  host: "127.0.0.1",
  port: 0,
  tls_cert_path: null,
  tls_key_path: null,
  trusted_proxies: [],
  connectionsMax: 100,
  requestsMax: 100,
  eventPaths: ["/api/event"],
};

async function open(handle: Handle, threads = THREADS): Promise<Threads> {
  const found = openThreads(handle, clock, () => {}, { ...OPTIONS, threads });
  await found.opened;
  return found;
}

/** Tells what it was asked, in the ways in which answers are made. */
async function echo(
  request: Request,
  { peer, onStream }: Parameters<Handle>[1],
): Promise<Response> {
  const { method, url, headers } = request;
  const path = url.slice(url.indexOf("/", 8)).split("?")[0];
  const asked = JSON.stringify({ method, url: url.replace(/:\d+/, ""), peer, all: [...headers] });
  if (path === "/empty") return new Response(null, { status: 204 });
  if (path === "/cookies") {
    const given = new Headers([["set-cookie", "a=1"], ["set-cookie", "b=2"], ["x-é", "ü"]]
      .filter(([name]) => name !== "x-é") as [string, string][]);
    return new Response("two", { headers: given });
  }
  if (path === "/slow") {
    onStream(null);
    return new Response(partsOf(["one,", "two,", "three"]));
  }
  if (path === "/parts") return new Response(partsOf(["one,", "two,", "three"]));
  if (path === "/long") return new Response("x".repeat(300_000));
  if (path === "/fixed") {
    return new Response("y".repeat(200_000), { headers: { "content-length": "200000" } });
  }
  if (path === "/unread") return new Response("not read", { status: 401 });
  if (path === "/body") {
    const body = await request.bytes();
    const sum = body.reduce((all, byte) => (all * 31 + byte) % 1_000_003, 7);
    return Response.json({ asked, length: body.length, sum });
  }
  if (method === "HEAD") return new Response(null, { headers: { "content-length": "77" } });
  return new Response(asked, { headers: { etag: '"e"', "content-type": "text/plain" } });
}

function partsOf(parts: readonly string[]): ReadableStream<Uint8Array> {
  const left = [...parts];
  return new ReadableStream({
    async pull(stream) {
      await clock.sleep(5);
      const next = left.shift();
      if (next === undefined) stream.close();
      else stream.enqueue(new TextEncoder().encode(next));
    },
  }, { highWaterMark: 0 });
}

/** All that comes back for a request; headers in order of their names, without the date. */
async function ask(port: number, request: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const bytes = new TextEncoder().encode(request);
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
  let text = "";
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const count = await connection.read(buffer).catch(() => null);
    if (count === null) break;
    text += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
  const end = text.indexOf("\r\n\r\n");
  const [status, ...headers] = text.slice(0, end).split("\r\n");
  const known = headers.filter((line) => !/^date:/i.test(line))
    .map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase())).sort();
  const body = /^transfer-encoding: chunked/im.test(text.slice(0, end))
    ? text.slice(end + 4).replace(/(^|\r\n)[0-9a-f]+\r\n/g, "")
    : text.slice(end + 4);
  return [status, ...known, "", body].join("\n");
}

const lines = (...all: string[]) => [...all, "host: a.example", "connection: close", "", ""];
const get = (path: string, ...headers: string[]) =>
  lines(`GET ${path} HTTP/1.1`, ...headers).join("\r\n");
const post = (path: string, body: string, ...headers: string[]) =>
  lines(`POST ${path} HTTP/1.1`, `content-length: ${body.length}`, ...headers).join("\r\n") + body;

const REQUESTS = [
  get("/"),
  get("/a/../b//c?q=%20ü&r#h"),
  get("/", "x-forwarded-for: 192.0.2.1", "x-forwarded-for: 192.0.2.2", "cookie: a=1; b=2"),
  get("/empty"),
  get("/cookies"),
  get("/parts"),
  get("/slow"),
  get("/long"),
  get("/fixed"),
  lines("HEAD /x HTTP/1.1").join("\r\n"),
  lines("PROPFIND /x HTTP/1.1").join("\r\n"),
  lines("DELETE /x HTTP/1.1").join("\r\n"),
  lines("OPTIONS * HTTP/1.1").join("\r\n"),
  post("/body", ""),
  post("/body", "short"),
  post("/body", "z".repeat(1_000_000)),
  post("/unread", "z".repeat(100)),
  lines("PUT /body HTTP/1.1", "content-length: 3").join("\r\n") + "put",
  lines("POST /body HTTP/1.1", "transfer-encoding: chunked").join("\r\n") +
  "5\r\nhello\r\n3\r\nyou\r\n0\r\n\r\n",
  post("/api/event", "{}", "user-agent: one", "x-forwarded-for: 192.0.2.1"),
  post("/api/event", "e".repeat(BODY_BYTES_MAX + 1)),
  "nonsense\r\n\r\n",
];

Deno.test("openThreads() answers as one listener does", async () => {
  const [one, several] = [await open(echo, 1), await open(echo)];
  try {
    for (const request of REQUESTS) {
      const expected = await ask(one.port, request);
      // Each thread is met by some of them.
      for (let turn = 0; turn < 6; turn++) {
        assert.equal(await ask(several.port, request), expected, request.slice(0, 60));
      }
    }
  } finally {
    await Promise.all([one.close(), several.close()]);
  }
});

Deno.test("openThreads() refuses a port that is taken, and leaves none to others", async () => {
  const first = await open(echo);
  try {
    const again = { ...OPTIONS, port: first.port, threads: THREADS };
    assert.throws(() => openThreads(echo, clock, () => {}, again), Deno.errors.AddrInUse);
    assert.throws(
      () => Deno.listen({ hostname: "127.0.0.1", port: first.port }),
      Deno.errors.AddrInUse,
    );
  } finally {
    await first.close();
  }
});

Deno.test("openThreads() spreads connections over threads that share its limits", async () => {
  const peers = await open(echo);
  const connections = await Promise.all(
    Array.from({ length: 60 }, () => Deno.connect({ hostname: "127.0.0.1", port: peers.port })),
  );
  // Threads tell each second what they have.
  while (peers.counts().open < 60) await clock.sleep(50);
  assert.equal(peers.counts().max, THREADS * OPTIONS.connectionsMax);
  for (const connection of connections) connection.close();
  await peers.close();
});

Deno.test("a client that leaves is known to whoever answers it", async () => {
  const asked = Promise.withResolvers<void>();
  const left = Promise.withResolvers<Response>();
  const threads = await open(({ signal }) => {
    signal.addEventListener("abort", () => left.resolve(new Response()));
    asked.resolve();
    return left.promise;
  });
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: threads.port });
  // Of a last request it would not be noticed, by one listener either.
  await connection.write(new TextEncoder().encode("GET / HTTP/1.1\r\nhost: a.example\r\n\r\n"));
  await asked.promise;
  await clock.sleep(300);
  connection.close();
  await left.promise;
  await threads.close();
});

Deno.test("a body that breaks off is told as by one listener", async () => {
  const found = [];
  for (const threads of [1, THREADS]) {
    const told = Promise.withResolvers<string>();
    const opened = await open(async (request) => {
      await request.bytes().catch((error) =>
        told.resolve(`${error.name} ${error.message.includes("body")}`)
      );
      return new Response();
    }, threads);
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: opened.port });
    await connection.write(new TextEncoder().encode(post("/", "body").slice(0, -2)));
    await clock.sleep(300);
    connection.close();
    found.push(await told.promise);
    await opened.close();
  }
  // The server tells it by these from a fault of its own.
  assert.deepEqual(found, ["BadResource true", "BadResource true"]);
  const event = eventRequestOf("http://a.example/api/event", "", LEFT);
  await assert.rejects(event.bytes(), { code: "bad_request", message: /it is incomplete$/ });
});

Deno.test("a stream whose client leaves ends at its source", async () => {
  const ended = Promise.withResolvers<void>();
  const threads = await open((_, { onStream }) => {
    onStream(null);
    const body = new ReadableStream({
      start: (stream) => stream.enqueue(new TextEncoder().encode("first")),
      cancel: () => ended.resolve(),
    });
    return Promise.resolve(new Response(body));
  });
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: threads.port });
  await connection.write(new TextEncoder().encode(get("/stream")));
  await connection.read(new Uint8Array(1_000));
  connection.close();
  await ended.promise;
  await threads.close();
});

Deno.test("close() waits for what is being answered", async () => {
  const answer = Promise.withResolvers<Response>();
  const asked = Promise.withResolvers<void>();
  const threads = await open(() => {
    asked.resolve();
    return answer.promise;
  });
  const response = ask(threads.port, get("/"));
  await asked.promise;
  const closed = threads.close();
  answer.resolve(new Response("at last"));
  assert.match(await response, /at last$/);
  await closed;
});

Deno.test("a thread that fails is started again, and its requests end", async () => {
  const asked: AbortSignal[] = [];
  const told: string[] = [];
  const handle: Handle = (request) => {
    if (request.url.endsWith("/never")) {
      asked.push(request.signal);
      return new Promise((resolve) =>
        request.signal.addEventListener("abort", () => resolve(new Response()))
      );
    }
    // No thread can make a response of this.
    return Promise.resolve(request.url.endsWith("/fail") ? Response.error() : new Response("ok"));
  };
  const log = (_: string, message: string) => void told.push(message);
  const threads = openThreads(handle, clock, log, { ...OPTIONS, threads: 2 });
  await threads.opened;
  // Both threads have one that is never answered.
  const waiting = Array.from(
    { length: 20 },
    () => ask(threads.port, get("/never")).catch(() => ""),
  );
  while (asked.length < 20) await clock.sleep(10);
  for (let lost = 0; lost < 20; lost = asked.filter(({ aborted }) => aborted).length) {
    await ask(threads.port, get("/fail")).catch(() => "");
    await clock.sleep(20);
  }
  await Promise.all(waiting);
  assert.ok(told.every((message) => /^A thread that listens has failed/.test(message)));
  assert.ok(told.length >= 2);
  const answers = () =>
    Array.from({ length: 12 }, () => ask(threads.port, get("/")).catch(() => ""));
  while (!(await Promise.all(answers())).every((text) => text.endsWith("ok"))) {
    await clock.sleep(50);
  }
  await threads.close();
});
