import { deepStrictEqual as deepEqual, rejects } from "node:assert";
import { readJsonObject } from "../../src/http/body.ts";
import { FakeClock } from "../support/fake_system.ts";

function post(body: BodyInit): Request {
  return new Request("http://localhost/", { method: "POST", body });
}

Deno.test("readJsonObject() reads an object and refuses anything else", async () => {
  const clock = new FakeClock(0);
  deepEqual(await readJsonObject(post('{"a": [1]}'), clock), { a: [1] });
  for (const body of ["", "{", "1", "null", "[]", new Uint8Array([0x22, 0xff, 0x22])]) {
    await rejects(readJsonObject(post(body), clock), { code: "bad_request" });
  }
});

Deno.test("readJsonObject() refuses what is too long or nested without end", async () => {
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

Deno.test("readJsonObject() refuses a body that dribbles in", async () => {
  const clock = new FakeClock(0);
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode('{"a"')),
  });
  const reading = readJsonObject(post(stream), clock);
  const refused = rejects(reading, { code: "timeout" });
  await new Promise((resolve) => setTimeout(resolve, 10));
  clock.advance(10_000);
  await refused;
});
