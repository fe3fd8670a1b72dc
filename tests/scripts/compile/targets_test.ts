// What an executable of each target holds: its own DuckDB library and addon, and no other's.
import assert from "node:assert/strict";
import {
  countriesOf,
  excludedFiles,
  libraryOf,
  type NpmPackage,
  type Packages,
  type Target,
  TARGETS,
} from "../../../scripts/compile/targets.ts";

const PLATFORMS = ["linux-x64", "linux-arm64", "linux-x64-musl", "darwin-arm64", "darwin-x64"]
  .concat("win32-x64");
const LIBRARIES = { linux: "libduckdb.so", darwin: "libduckdb.dylib", win32: "duckdb.dll" };

/** The packages of a checkout where those of every platform were fetched. */
function packages(): Packages {
  const one = (name: string, dependencies: string[] = []): [string, NpmPackage] => [
    `${name}@1.0.0`,
    { name, version: "1.0.0", dependencies, localPath: `/npm/${name}` },
  ];
  const bindings = PLATFORMS.map((platform) => `@duckdb/node-bindings-${platform}`);
  const files = (folder: string) => {
    const [, os = ""] = /node-bindings-(\w+)-/.exec(folder) ?? [];
    const library = LIBRARIES[os as keyof typeof LIBRARIES];
    if (folder.endsWith("-country-mmdb")) return [`${folder}/geo-country.mmdb`];
    return ["README.md", "index.js", ...library ? [library, "duckdb.node"] : []].map((file) =>
      `${folder}/${file}`
    );
  };
  return {
    known: new Map([
      one("@duckdb/node-api", ["@duckdb/node-bindings@1.0.0"]),
      one("@duckdb/node-bindings", bindings.map((name) => `${name}@1.0.0`)),
      one("@ip-location-db/geo-whois-asn-country-mmdb"),
      one("playwright-core"),
      ...bindings.map((name) => one(name)),
    ]),
    imported: new Set(["@duckdb/node-api@1.0.0"]),
    filesOf: files,
  };
}

Deno.test("excludedFiles() leaves the addon of one platform alone in each executable", () => {
  for (const target of Object.values<Target>(TARGETS)) {
    const known = packages();
    const excluded = excludedFiles(target, known);
    const all = [...known.known.values()].flatMap(({ localPath = "" }) => known.filesOf(localPath));
    const kept = all.filter((path) => !excluded.includes(path));
    const own = `/npm/@duckdb/node-bindings-${target.os}-${target.arch}`;
    assert.deepEqual(kept.filter((path) => /\.(so|dylib|dll|node)$/.test(path)), [
      `${own}/duckdb.node`,
    ]);
    assert.ok(!kept.some((path) => /playwright|\.md$|musl/.test(path)));
    assert.ok(!kept.includes(countriesOf(known) ?? "")); // Embedded compressed instead.
    assert.equal(libraryOf(target, known)?.path, `${own}/${LIBRARIES[target.os]}`);
  }
  const none = { ...packages(), filesOf: () => [] };
  assert.equal(libraryOf(TARGETS["x86_64-pc-windows-msvc"], none), null);
});
