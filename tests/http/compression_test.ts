import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
import { gunzipSync } from "node:zlib";
import { GZIP_BYTES_MAX } from "../../src/core/limits.ts";
import { acceptsGzip, compressed } from "../../src/http/compression.ts";
import { openApp } from "../support/server/running_app.ts";

const GZIP = { "accept-encoding": "gzip, deflate, br" };

function asked(accept: string | null): { headers: Headers } {
  return { headers: new Headers(accept === null ? {} : { "accept-encoding": accept }) };
}

function text(chars: number, type = "application/json"): Response {
  return new Response("a".repeat(chars), { headers: { "content-type": type } });
}

Deno.test("acceptsGzip() reads quality values and *", () => {
  for (const header of ["gzip", "br, GZIP;q=0.5", "*", "deflate, *;q=0.1", "gzip;q=1.0"]) {
    ok(acceptsGzip(header), header);
  }
  for (const header of [null, "", "identity", "gzip;q=0", "*;q=0", "gzip;q=0.00, *", "xgzip"]) {
    ok(!acceptsGzip(header), String(header));
  }
});

Deno.test("compressed() leaves short, encoded and binary responses as they are", async () => {
  const rows: [Response, string | null][] = [
    [text(1023), "gzip"],
    [text(5000), null],
    [text(5000), "br"],
    [text(5000, "image/svg+xml"), "gzip"],
    [text(5000, "text/event-stream"), "gzip"],
    [text(5000, "application/vnd.apache.parquet"), "gzip"],
  ];
  for (const [response, accept] of rows) {
    const want = await response.clone().text();
    const answer = await compressed(response, asked(accept));
    equal(answer.headers.get("content-encoding"), null);
    equal(await answer.text(), want);
  }
  const encoded = text(5000);
  encoded.headers.set("content-encoding", "zstd");
  const answer = await compressed(encoded, asked("gzip"));
  equal(answer.headers.get("content-encoding"), "zstd");
  equal((await answer.text()).length, 5000);
});

Deno.test("compressed() keeps status and headers, and sets Vary once", async () => {
  for (const chars of [1024, 200_000]) {
    const answer = await compressed(
      new Response("é".repeat(chars), {
        status: 201,
        headers: { "content-type": "text/csv; charset=utf-8", vary: "Origin", etag: 'W/"1"' },
      }),
      asked("gzip"),
    );
    equal(answer.status, 201);
    equal(answer.headers.get("vary"), "Origin, accept-encoding");
    equal(answer.headers.get("etag"), 'W/"1"');
    equal(answer.headers.get("content-encoding"), "gzip");
    equal(gunzipSync(await answer.bytes()).toString(), "é".repeat(chars));
  }
  const large = await compressed(text(GZIP_BYTES_MAX + 1), asked("gzip"));
  equal(large.headers.get("content-encoding"), null);
  equal((await large.bytes()).byteLength, GZIP_BYTES_MAX + 1);
  const plain = await compressed(text(5000), asked(null));
  equal(plain.headers.get("vary"), "accept-encoding");
  const again = await compressed(plain, asked(null));
  equal(again.headers.get("vary"), "accept-encoding");
});

Deno.test("compressed() gives every client the same content, plain or gzipped", async () => {
  const app = await openApp();
  for (let n = 0; n < 60; n++) {
    const body = JSON.stringify({ d: "example.com", n: "pageview", u: `/page/${n % 40}` });
    await app.send("/api/event", { method: "POST", body, peer: `198.51.100.${n}` });
  }
  const site = "site_id=example.com";
  const paths = [
    "/api/schema",
    `/api/stats/timeseries?${site}&period=90d`,
    `/api/stats/breakdown/pages?${site}&limit=100`,
    `/api/stats/query?${site}&metrics=visitors,pageviews&dimensions=page&limit=100`,
    `/api/stats/export?${site}&period=90d`,
    "/metrics",
    "/privacy",
  ];
  for (const path of paths) {
    const plain = await app.send(path);
    const zipped = await app.send(path, { headers: GZIP });
    equal(plain.headers.get("content-encoding"), null, path);
    equal(zipped.headers.get("content-encoding"), "gzip", path);
    const [want, bytes] = [await plain.bytes(), await zipped.bytes()];
    ok(bytes.byteLength < want.byteLength / 2, path);
    deepEqual(new Uint8Array(gunzipSync(bytes)), want, path);
    for (const answer of [plain, zipped]) equal(answer.headers.get("vary"), "accept-encoding");
    const head = await app.send(path, { method: "HEAD", headers: GZIP });
    equal(head.headers.get("content-encoding"), "gzip", `HEAD ${path}`);
    equal(await head.text(), "");
  }
  for (const path of ["/api/auth/status", "/health", "/api/sites"]) {
    const answer = await app.send(path, { headers: GZIP });
    equal(answer.headers.get("content-encoding"), null, `${path} is short`);
    await answer.body?.cancel();
  }
  await app.close();
});

Deno.test("compressed() is not applied to streams", async () => {
  const app = await openApp();
  const body = JSON.stringify({ d: "example.com", n: "pageview", u: "/" });
  await app.send("/api/event", { method: "POST", body });
  const live = await app.send("/api/stats/live?site_id=example.com", { headers: GZIP });
  equal(live.headers.get("content-encoding"), null);
  const reader = live.body?.getReader();
  const { value } = await reader?.read() ?? {};
  ok(new TextDecoder().decode(value).startsWith("retry:"), "plain text");
  await reader?.cancel();
  await app.close();
});
