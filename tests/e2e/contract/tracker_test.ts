// docs/compatibility.md: what the text of the tracker shows. A browser runs it
// elsewhere.
import { match, ok, strictEqual as equal } from "node:assert";
import { gzipSync } from "node:zlib";
import { clause, ContractServer, everyRow } from "../../support/server/contract_server.ts";

const server = await ContractServer.start();
Deno.test.afterAll(() => server.close());
const script = await server.get("/mallard.js");
const code = script.text.replaceAll(/^\s*\/\/.*$|\/\*[^]*?\*\//gm, "");

clause("/mallard.js is a script that any page may load", () => {
  equal(script.status, 200);
  match(script.header("content-type") ?? "", /^(text|application)\/javascript(;|$)/);
  equal(script.header("x-content-type-options"), "nosniff");
  // A header of another value would keep the script out of pages of other origins.
  ok([null, "cross-origin"].includes(script.header("cross-origin-resource-policy")));
});

clause("/mallard.js has at most 1 KiB gzipped", () => {
  const size = gzipSync(script.bytes, { level: 9 }).length;
  ok(size <= 1024, `${size} bytes`);
});

clause("/mallard.js keeps nothing in the browser", () =>
  everyRow(
    [/cookie/i, /localStorage/, /sessionStorage/, /indexedDB/i, /caches\b/, /serviceWorker/i],
    String,
    (wrong) => ok(!wrong.test(code)),
  ));

clause("/mallard.js contains every documented field and function", () =>
  everyRow(
    [
      /data-domain|dataset|\bdomain\b/,
      /data-api|dataset|\bapi\b/,
      /api\/event/,
      /pushState/,
      /popstate/,
      /prerender/,
      /\bmallard\b/,
      /\bprops\b/,
      /\brevenue\b/,
      /\bcurrency\b/,
      /\burl\b/,
      /\bcallback\b/,
      /keepalive|sendBeacon/,
      /pageview/,
    ],
    String,
    (word) => match(code, word),
  ));

clause("/mallard.js is one statement file without imports, for a plain script element", () => {
  ok(!/\bimport\b|\bexport\b/.test(script.text));
  new Function(script.text);
});
