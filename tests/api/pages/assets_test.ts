import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { assetRoutes } from "../../../src/api/pages/assets.ts";
import type { Route } from "../../../src/http/route.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import { EVERYONE } from "../../support/server/routes.ts";

const { files, log } = fakeSystem();

async function get(
  routes: readonly Route[],
  path: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  const route = routes.find((one) => one.path === path);
  assert.ok(route, `no route for ${path}`);
  const url = new URL(path, "http://localhost");
  return await route.handle({
    request: new Request(url, { headers }),
    url,
    params: {},
    peer: "",
    address: "",
    guardedAddress: "",
    requestId: "",
    log,
    access: EVERYONE,
    signal: new AbortController().signal,
  });
}

const peerPath = (peer: string) => `trackers/${peer}.js`;

/** A folder with a page and trackers, and more files by their path. */
async function folderWith(more: Readonly<Record<string, string>>): Promise<string> {
  const folder = await Deno.makeTempDir() + "/";
  const page = '<script type="importmap">{"imports":{}}</script><!-- preloads -->' +
    '<script type="module" src="./assets/0/app.js"></script>';
  const beside = ["modules", "plausible", "umami", "goatcounter"];
  const scripts = ["script.js", ...beside.map(peerPath)];
  const own = Object.fromEntries(scripts.map((path) => [path, "1"]));
  for (const [path, text] of Object.entries({ "index.html": page, ...own, ...more })) {
    await Deno.mkdir((folder + path).replace(/[^/]+$/, ""), { recursive: true });
    await Deno.writeTextFile(folder + path, text);
  }
  return folder;
}

Deno.test("assetRoutes() serve the page with a policy that allows its scripts alone", async () => {
  const routes = await assetRoutes(files);
  const response = await get(routes, "/");
  assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
  const html = await response.text();
  const hashes = [...html.matchAll(/<script(?: type="importmap")?>([\s\S]*?)<\/script>/g)]
    .map(([, text = ""]) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`);
  const policy = response.headers.get("content-security-policy") ?? "";
  assert.ok(policy.includes(`; script-src 'self' ${hashes.join(" ")}; `), policy);
  assert.ok(policy.startsWith("default-src 'none'") && !policy.includes("unsafe"), policy);
  const inline = [...html.matchAll(/<script(?![^>]*\bsrc=)[^>]*>/g)].map(([tag]) => tag);
  assert.deepEqual(inline, ["<script>", "<script>", '<script type="importmap">']);
  assert.doesNotMatch(html, /\sstyle=|<style|\son\w+=/);
});

Deno.test("assetRoutes() serve every URL of the page, all of them relative", async () => {
  const routes = await assetRoutes(files);
  const html = await (await get(routes, "/")).text();
  const addresses = [...html.matchAll(/(?:href|src)="([^"]+)"|: "(\.[^"]+)"/g)]
    .map(([, attribute, mapped]) => attribute ?? mapped ?? "");
  assert.ok(addresses.length > 8);
  // The page asks for these answers before its scripts do.
  const asked = [...html.matchAll(/as="fetch"\s+crossorigin\s+href="([^"]+)"/g)].map(([, to]) =>
    to
  );
  assert.equal(asked.length, 3);
  for (const address of addresses) {
    if (asked.includes(address)) {
      assert.match(address, /^\.\/api\//);
      continue;
    }
    assert.match(address, /^\.\/assets\/[0-9a-f]{12}\//);
    const response = await get(routes, address.slice(1));
    assert.equal(response.status, 200, address);
  }
});

Deno.test("assetRoutes() answer 304 if the client has the file", async () => {
  const routes = await assetRoutes(files);
  for (const { path } of routes.filter(({ path }) => !path.includes(":"))) {
    const first = await get(routes, path);
    const etag = first.headers.get("etag") ?? "";
    assert.match(etag, /^"[0-9a-f]{24}"$/);
    for (const header of [etag, `W/${etag}`, `"x", ${etag}`, "*"]) {
      const again = await get(routes, path, { "if-none-match": header });
      assert.equal(again.status, 304, `${path} ${header}`);
      assert.equal(again.headers.get("etag"), etag);
    }
    assert.equal((await get(routes, path, { "if-none-match": '"x"' })).status, 200);
    const kept = first.headers.get("cache-control") ?? "";
    assert.equal(kept.includes("immutable"), path.startsWith("/assets/"), path);
  }
});

Deno.test("assetRoutes() compress if accepted, with another ETag", async () => {
  const routes = await assetRoutes(files);
  const plain = await get(routes, "/mallard.js");
  const zipped = await get(routes, "/mallard.js", { "accept-encoding": "br, gzip;q=0.8" });
  assert.equal(plain.headers.get("content-encoding"), null);
  assert.equal(zipped.headers.get("content-encoding"), "gzip");
  assert.notEqual(plain.headers.get("etag"), zipped.headers.get("etag"));
  const bytes = new Uint8Array(await zipped.arrayBuffer());
  assert.equal(gunzipSync(bytes).toString(), await plain.text());
  for (const header of ["", "br", "gzip;q=0", "identity"]) {
    const response = await get(routes, "/mallard.js", { "accept-encoding": header });
    assert.equal(response.headers.get("content-encoding"), null, header);
  }
});

Deno.test("assetRoutes() let any site load the tracker", async () => {
  const response = await get(await assetRoutes(files), "/mallard.js");
  assert.equal(response.headers.get("access-control-allow-origin"), "*");
  assert.equal(response.headers.get("cross-origin-resource-policy"), "cross-origin");
  assert.equal(response.headers.get("content-type"), "text/javascript; charset=utf-8");
});

Deno.test("the tracker has at most 1 KiB gzipped, with its modules 3 KiB", async () => {
  const routes = await assetRoutes(files);
  const sizeOf = async (path: string) => {
    const response = await get(routes, path, { "accept-encoding": "gzip" });
    return (await response.arrayBuffer()).byteLength;
  };
  const tracker = await sizeOf("/mallard.js");
  const all = tracker + await sizeOf("/mallard_modules.js");
  assert.ok(tracker <= 1024, `/mallard.js has ${tracker} bytes`);
  assert.ok(all <= 3072, `both have ${all} bytes`);
});

Deno.test("assetRoutes() serve only known types, below a hash of all files", async () => {
  const one = await assetRoutes(files, {
    folder: await folderWith({ "app.js": "1", ".env": "x", "a.sh": "x", "Ä.js": "x" }),
  });
  assert.deepEqual(one.map(({ path }) => path.split("/").at(-1)), [
    "",
    "mallard.js",
    "mallard_modules.js",
    ":name",
    "script.js",
    "count.js",
    "app.js",
    "bundle.js",
  ]);
  const two = await assetRoutes(files, { folder: await folderWith({ "app.js": "2" }) });
  assert.notEqual(one[6]?.path, two[6]?.path);
});

Deno.test("assetRoutes() refuse a folder without the page", async () => {
  const folder = await Deno.makeTempDir() + "/";
  await Deno.writeTextFile(`${folder}script.js`, "1");
  await assert.rejects(assetRoutes(files, { folder }), /index\.html is not in its folder/);
});

Deno.test("the page loads within 120 KB, gzipped", async () => {
  const routes = await assetRoutes(files);
  const html = await (await get(routes, "/")).text();
  const paths = new Set(
    [...html.matchAll(/(?:href|src)="\.(\/assets\/[^"]+)"/g)].map(([, path]) => path),
  );
  let bytes = 0;
  for (const path of ["/", ...paths]) {
    const response = await get(routes, path ?? "", { "accept-encoding": "gzip" });
    bytes += (await response.arrayBuffer()).byteLength;
  }
  assert.ok(bytes <= 120_000, `${bytes} bytes`);
});
