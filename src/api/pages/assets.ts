// The dashboard's files and the tracker, read once at start and served from memory. A path from a
// URL never reaches the file system.
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { AppError } from "../../core/errors.ts";
import type { Context, Route } from "../../http/route.ts";
import type { Files } from "../../core/types.ts";
import { bundleOf } from "./bundle.ts";
import { joinStyles } from "./styles.ts";
import { classicScript, trackerText } from "./tracker_text.ts";
import { acceptsGzip } from "../../http/compression.ts";
import { isKnown } from "../../http/etag.ts";

/** The folder of the dashboard's files, in the checkout and inside the executable. */
export const DASHBOARD_FOLDER: string = fileURLToPath(
  new URL("../../../dashboard/", import.meta.url),
);

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  json: "application/json",
  txt: "text/plain; charset=utf-8",
};

/** The folder of versioned files as written in index.html; `0` is replaced by the version. */
const UNVERSIONED = "assets/0/";
/** The place in index.html for modulepreload links to the packages. */
const PRELOADS = "<!-- preloads -->";
/** The entry module in index.html, and the bundle that replaces it. */
const ENTRY = /<script type="module" src="[^"]*?assets\/0\/([^"]+)"/;
const BUNDLE = "bundle.js";
/** What no browser reads of the page: comments, and indentation. */
const UNREAD = /<!--[\s\S]*?-->|^[ \t]+|^\n/gm;
/** Scripts of the page that are no files. */
const INLINE = /<script(?![^>]*\bsrc=)[^>]*>([\s\S]*?)<\/script>/g;

/** Where the tracker is served. */
export const TRACKER_PATH = "/mallard.js";
const TRACKER = "script.js";
/** What the tracker loads from beside it where its tag asks for it. */
const MODULES = { path: "/mallard_modules.js", file: "trackers/modules.js" };
/** The scripts that stand for those of other programs, where pages load theirs. */
const PEER_SCRIPTS: readonly { path: string; file: string; names?: RegExp }[] = [
  {
    path: "/js/:name",
    file: "trackers/plausible.js",
    names: /^(?:(?:script|plausible|analytics)(?:\.[a-z-]+)*|pa-[\w-]+)\.js$/,
  },
  { path: "/script.js", file: "trackers/umami.js" },
  { path: "/count.js", file: "trackers/goatcounter.js" },
];
/** Where scripts are served that pages of other origins load. */
export const SCRIPT_PATHS: readonly string[] = [
  TRACKER_PATH,
  MODULES.path,
  ...PEER_SCRIPTS.map(({ path }) => path),
];
const PAGE = "index.html";

const IMMUTABLE = "public, max-age=31536000, immutable";
const REVALIDATED = "no-cache";
const TRACKER_CACHE = "public, max-age=3600, stale-while-revalidate=86400";

interface Body {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly etag: string;
}

/** A response body made once. */
interface Asset {
  readonly plain: Body;
  /** Gzipped, by the first who asks; null where that is no shorter. */
  readonly gzipped: () => Body | null;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Routes of the page at `/`, the tracker at `/mallard.js`, its modules, the scripts of peers, and
 * every other file of the folder under `/assets/<version>/`. The version is a hash of all files.
 * Rejects when index.html or a tracker is missing, or the modules cannot be bundled.
 */
export async function assetRoutes(
  files: Files,
  options: { readonly folder?: string } = {},
): Promise<Route[]> {
  const found = await readFolder(files, options.folder ?? DASHBOARD_FOLDER);
  joinStyles(found);
  const take = (name: string) => {
    const bytes = found.get(name);
    if (!bytes) throw new Error(`Cannot serve the dashboard: ${name} is not in its folder`);
    found.delete(name);
    return bytes;
  };
  const pageText = new TextDecoder().decode(take(PAGE));
  const tracker = scriptAsset(trackerText(textOf(take(TRACKER))));
  const modules = scriptAsset(trackerText(textOf(take(MODULES.file))));
  const peers = PEER_SCRIPTS.map(({ file, ...row }) => ({
    ...row,
    asset: scriptAsset(classicScript(textOf(take(file)))),
  }));
  const template = bundled(pageText, found);
  const version = versionOf(template, found);
  const page = template.replaceAll(UNVERSIONED, `assets/${version}/`);
  return [
    route("/", pageAsset(page)),
    { ...route(TRACKER_PATH, tracker), anyOrigin: true },
    { ...route(MODULES.path, modules), anyOrigin: true },
    ...peers.map(({ path, asset, names }): Route => ({
      ...route(path, asset, names),
      anyOrigin: true,
    })),
    ...[...found].map(([name, bytes]) =>
      route(
        `/assets/${version}/${name}`,
        makeAsset(bytes, { "content-type": typeOf(name), "cache-control": IMMUTABLE }),
      )
    ),
  ];
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** A script that pages of other origins load. */
function scriptAsset(text: string): Asset {
  return makeAsset(new TextEncoder().encode(text), {
    "content-type": typeOf(TRACKER),
    "cache-control": TRACKER_CACHE,
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
  });
}

/** The content security policy of the page: its own files, and inline scripts by their hashes. */
function contentSecurityPolicy(page: string): string {
  const hashes = [...page.matchAll(INLINE)].map(([, text = ""]) =>
    `'sha256-${createHash("sha256").update(text).digest("base64")}'`
  );
  return [
    "default-src 'none'",
    `script-src 'self' ${hashes.join(" ")}`,
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

function pageAsset(page: string): Asset {
  return makeAsset(new TextEncoder().encode(page), {
    "content-type": typeOf(PAGE),
    "cache-control": REVALIDATED,
    "content-security-policy": contentSecurityPolicy(page),
  });
}

function importMapOf(page: string): string {
  return /<script type="importmap">([\s\S]*?)<\/script>/.exec(page)?.[1] ?? "";
}

function typeOf(name: string): string {
  return TYPES[name.slice(name.lastIndexOf(".") + 1)] ?? "application/octet-stream";
}

/** Files of known types in a folder, by their path below it, sorted. */
async function readFolder(
  files: Files,
  folder: string,
  prefix = "",
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const found = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const { name, isDirectory } of await files.list(folder)) {
    if (isDirectory) {
      const inner = await readFolder(files, `${folder}${name}/`, `${prefix}${name}/`);
      inner.forEach((bytes, path) => found.set(path, bytes));
    } else if (/^[a-z0-9_.]+$/.test(name) && Object.hasOwn(TYPES, name.split(".").at(-1) ?? "")) {
      const bytes = await files.readBytes(folder + name);
      if (bytes) found.set(prefix + name, bytes);
    }
  }
  return found;
}

function versionOf(page: string, files: ReadonlyMap<string, Uint8Array>): string {
  const hash = createHash("sha256").update(page);
  files.forEach((bytes, name) => hash.update(`\n${name} ${bytes.byteLength}\n`).update(bytes));
  return hash.digest("hex").slice(0, 12);
}

/**
 * The page with the bundle as its entry. Adds the bundle to `files`, and replaces each bundled
 * module by a stub for modules that are loaded later.
 */
function bundled(page: string, files: Map<string, Uint8Array<ArrayBuffer>>): string {
  const entry = ENTRY.exec(page)?.[1] ?? "";
  const texts = new Map(
    [...files].filter(([name]) => name.endsWith(".js") && !name.startsWith("vendor/"))
      .map(([name, bytes]) => [name, new TextDecoder().decode(bytes)]),
  );
  const { text, stubs } = bundleOf(entry, texts, BUNDLE);
  stubs.forEach((stub, name) => files.set(name, new TextEncoder().encode(stub)));
  files.set(BUNDLE, new TextEncoder().encode(text));
  const map: Record<string, string> = JSON.parse(importMapOf(page) || "{}").imports ?? {};
  const links = [...new Set(Object.values(map))].map((href) =>
    `<link rel="modulepreload" href="${href}">`
  );
  return page.replace(`${UNVERSIONED}${entry}`, `${UNVERSIONED}${BUNDLE}`)
    .replace(PRELOADS, links.join("\n")).replace(UNREAD, "");
}

function makeAsset(
  bytes: Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>>,
): Asset {
  const tag = createHash("sha256").update(bytes).digest("hex").slice(0, 24);
  const gzip = () => {
    const shorter = new Uint8Array(gzipSync(bytes, { level: 9 }));
    return shorter.byteLength < bytes.byteLength ? { bytes: shorter, etag: `"${tag}-gzip"` } : null;
  };
  let made: Body | null | undefined;
  return {
    plain: { bytes, etag: `"${tag}"` },
    gzipped: () => made === undefined ? made = gzip() : made,
    headers: { ...headers, vary: "accept-encoding" },
  };
}

/** The route of an asset; of those with a `:name` only the names that match. */
function route(path: string, asset: Asset, names: RegExp = /^/): Route {
  return {
    method: "GET",
    path,
    right: "public",
    handle: (context) => {
      if (names.test(context.params["name"] ?? "")) return answer(asset, context);
      throw new AppError("not_found", "Cannot find this page");
    },
  };
}

function answer(asset: Asset, { request }: Context): Response {
  const gzipped = acceptsGzip(request.headers.get("accept-encoding")) ? asset.gzipped() : null;
  const body = gzipped ?? asset.plain;
  const headers: Record<string, string> = { ...asset.headers, etag: body.etag };
  if (isKnown(request.headers.get("if-none-match"), body.etag)) {
    return new Response(null, { status: 304, headers });
  }
  if (gzipped) headers["content-encoding"] = "gzip";
  return new Response(body.bytes, { headers });
}
