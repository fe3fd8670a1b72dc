import { deepStrictEqual as deepEqual, rejects, strictEqual as equal } from "node:assert";
import { gzipSync } from "node:zlib";
import { readBody, readJsonObject } from "../../src/http/body.ts";
import { FakeClock } from "../support/fake_system.ts";

function post(body: BodyInit): Request {
  return new Request("http://localhost/", { method: "POST", body });
}

/** A body whose end never comes. */
function unfinished(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode('{"a"')),
  });
}

Deno.test("readJsonObject() reads an object and refuses anything else", async () => {
  const clock = new FakeClock(0);
  deepEqual(await readJsonObject(post('{"a": [1]}'), clock), { a: [1] });
  for (const body of ["", "{", "1", "null", "[]", new Uint8Array([0x22, 0xff, 0x22])]) {
    await rejects(readJsonObject(post(body), clock), { code: "bad_request" });
  }
});

Deno.test("readJsonObject() refuses bodies that are too long or too deep", async () => {
  const clock = new FakeClock(0);
  await rejects(readJsonObject(post(`{"a": "${"x".repeat(17_000)}"}`), clock), {
    code: "too_large",
  });
  const deep = `{"a": ${"[".repeat(200_000)}`;
  await rejects(readJsonObject(post(deep), clock, 1_000_000), { code: "bad_request" });
  const closed = `{"a": ${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  await readJsonObject(post(closed), clock, 1_000_000).catch((error) => {
    if (error.code !== "bad_request") throw error;
  });
});

Deno.test("readJsonObject() refuses a body that arrives too slowly", async () => {
  const clock = new FakeClock(0);
  const refused = rejects(readJsonObject(post(unfinished()), clock), { code: "timeout" });
  clock.advance(10_000);
  await refused;
});

Deno.test("readBody() reads up to its limit, whether the length is announced or not", async () => {
  const clock = new FakeClock(0);
  const read = async (body: BodyInit, headers: Record<string, string> = {}) => {
    const request = new Request("http://localhost/", { method: "POST", body, headers });
    return new TextDecoder().decode(await readBody(request, clock, 10, 5000));
  };
  equal(await read("0123456789"), "0123456789");
  equal(await read("0123456789", { "content-length": "10" }), "0123456789");
  await rejects(read("0123456789a"), { code: "too_large" });
  await rejects(read("0123456789a", { "content-length": "11" }), { code: "too_large" });
});

Deno.test("readBody() refuses a body without end as soon as it is too long", async () => {
  const endless = new ReadableStream({
    pull: (stream) => stream.enqueue(new TextEncoder().encode("abc")),
  });
  await rejects(readBody(post(endless), new FakeClock(0), 10, 5000), { code: "too_large" });
});

Deno.test("readBody() refuses a body that has not arrived in time", async () => {
  const clock = new FakeClock(0);
  const refused = rejects(readBody(post(unfinished()), clock, 10, 5000), { code: "timeout" });
  clock.advance(4999);
  clock.advance(1);
  await refused;
});

Deno.test("readBody() decodes gzip within its limit, and no other coding", async () => {
  const clock = new FakeClock(0);
  const read = async (body: Uint8Array<ArrayBuffer>, coding: string, bytesMax = 65_536) => {
    const headers = { "content-encoding": coding };
    const request = new Request("http://localhost/", { method: "POST", body, headers });
    return (await readBody(request, clock, bytesMax, 5000)).byteLength;
  };
  const zipped = (bytes: number) => new Uint8Array(gzipSync(new Uint8Array(bytes)));
  for (const coding of ["gzip", "GZIP ", "x-gzip"]) equal(await read(zipped(100), coding), 100);
  equal(await read(zipped(0), "gzip"), 0);
  equal(await read(zipped(65_536), "gzip"), 65_536);
  equal(await read(new Uint8Array(7), "identity"), 7);
  await rejects(read(zipped(65_537), "gzip"), { code: "too_large" });
  const bomb = zipped(50_000_000);
  equal(bomb.byteLength < 65_536, true);
  await rejects(read(bomb, "gzip"), { code: "too_large" });
  const broken = [new Uint8Array(), new Uint8Array(50), zipped(100).slice(0, 15)];
  for (const body of broken) await rejects(read(body, "gzip"), { code: "bad_request" });
  for (const coding of ["br", "deflate", "zstd", "gzip, gzip", "x"]) {
    await rejects(read(zipped(100), coding), {
      code: "unsupported_media_type",
      headers: { "accept-encoding": "gzip" },
    });
  }
  await rejects(read(zipped(100), "gzip", 16 * 1024 * 1024), {
    code: "unsupported_media_type",
    headers: { "accept-encoding": "identity" },
  });
});
