// Output to a reader that reads late, never, or goes away.
import assert from "node:assert/strict";
import { Output } from "../../src/runtime/output.ts";

const DECODER = new TextDecoder();

Deno.test("Output writes lines in order, through writes that take a part only", async () => {
  let written = "";
  const output = new Output((bytes) => {
    const part = bytes.subarray(0, 7);
    written += DECODER.decode(part);
    return Promise.resolve(part.length);
  }, () => "");
  const lines = Array.from({ length: 50 }, (_, n) => `line ${n}\n`);
  for (const line of lines) output.put(line);
  await output.written();
  assert.equal(written, lines.join(""));
});

Deno.test("Output drops what finds no room, and says how much when it is read again", async () => {
  let written = "";
  const reader = Promise.withResolvers<void>();
  const output = new Output(async (bytes) => {
    await reader.promise;
    written += DECODER.decode(bytes);
    return bytes.length;
  }, (count) => `dropped ${count}\n`);
  const line = "x".repeat(999) + "\n";
  for (let n = 0; n < 3000; n++) output.put(line);
  reader.resolve();
  await output.written();
  const lines = written.split("\n");
  const told = lines.filter((text) => text.startsWith("dropped "));
  assert.equal(told.length, 1);
  const kept = lines.filter((text) => text.startsWith("x")).length;
  assert.equal(told[0], `dropped ${3000 - kept}`);
  assert.equal(output.dropped, 3000 - kept);
  assert.ok(kept > 1000 && kept < 1200, String(kept));
});

Deno.test("Output survives a closed reader", async () => {
  const output = new Output(() => Promise.reject(new Deno.errors.BrokenPipe("gone")), () => "");
  output.put("one\n");
  output.put("two\n");
  await output.written();
});
