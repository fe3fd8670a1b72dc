// Answers that are written once, however often and in whatever coding they are sent.
import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { GZIP_BYTES_MAX } from "../../src/core/limits.ts";
import { compressed } from "../../src/http/compression.ts";
import { WrittenAnswers } from "../../src/http/written_answers.ts";

const HEADERS = { "content-type": "application/json" };
const PLAIN = { headers: new Headers() };
const GZIP = { headers: new Headers({ "accept-encoding": "gzip" }) };

function writer() {
  const written = new WrittenAnswers();
  let count = 0;
  const respond = (answer: object, request: { headers: Headers }, form = "json") => {
    const text = () => {
      count++;
      return `${form} ${JSON.stringify(answer)}`;
    };
    return written.response(answer, { form, text }, request, HEADERS);
  };
  return { respond, count: () => count };
}

Deno.test("WrittenAnswers write each form of an answer once", async () => {
  const { respond, count } = writer();
  const answer = { rows: "é".repeat(5_000) };
  for (let n = 0; n < 3; n++) {
    const plain = respond(answer, PLAIN);
    assert.equal(plain.headers.get("vary"), "accept-encoding");
    assert.equal(await plain.text(), `json ${JSON.stringify(answer)}`);
    const zipped = respond(answer, GZIP);
    assert.equal(zipped.headers.get("content-encoding"), "gzip");
    const bytes = await zipped.bytes();
    assert.equal(zipped.headers.get("content-length"), String(bytes.byteLength));
    assert.equal(gunzipSync(bytes).toString(), `json ${JSON.stringify(answer)}`);
  }
  assert.equal(count(), 1);
  assert.match(await respond(answer, PLAIN, "csv").text(), /^csv /);
  assert.equal(await respond({ rows: 1 }, GZIP).text(), 'json {"rows":1}');
  assert.equal(count(), 3);
});

Deno.test("WrittenAnswers leave large ones as they are, and give them in parts", async () => {
  const { respond, count } = writer();
  const answer = { rows: "x".repeat(GZIP_BYTES_MAX) };
  const text = `json ${JSON.stringify(answer)}`;
  const unread = Array.from({ length: 100 }, () => respond(answer, GZIP));
  const sent = await compressed(respond(answer, GZIP), GZIP);
  assert.equal(sent.headers.get("content-encoding"), null);
  assert.equal(sent.headers.get("content-length"), String(text.length));
  const parts = await Array.fromAsync(sent.body ?? []);
  assert.ok(parts.length > 1 && parts.every((part) => part.byteLength <= 64 * 1024));
  assert.equal(parts.reduce((sum, part) => sum + part.byteLength, 0), text.length);
  assert.equal(await respond(answer, PLAIN).text(), text);
  assert.equal(count(), 1);
  for (const response of unread) await response.body?.cancel();
});
