// The kinds of machines that an executable can be made for, and which files of npm packages each
// holds or leaves out. Pure.

/** One kind of machine. */
export interface Target {
  /** As `deno install --os` and DuckDB's packages name it. */
  readonly os: "linux" | "darwin" | "win32";
  readonly arch: "x64" | "arm64";
  /** File name of DuckDB's library. */
  readonly library: string;
  /** File name of the executable in a release. */
  readonly file: string;
}

/** Every target by the name `deno compile --target` has for it. Linux is glibc. */
export const TARGETS = {
  "x86_64-unknown-linux-gnu": {
    os: "linux",
    arch: "x64",
    library: "libduckdb.so",
    file: "mallard-linux-x64",
  },
  "aarch64-unknown-linux-gnu": {
    os: "linux",
    arch: "arm64",
    library: "libduckdb.so",
    file: "mallard-linux-arm64",
  },
  "aarch64-apple-darwin": {
    os: "darwin",
    arch: "arm64",
    library: "libduckdb.dylib",
    file: "mallard-macos-arm64",
  },
  "x86_64-apple-darwin": {
    os: "darwin",
    arch: "x64",
    library: "libduckdb.dylib",
    file: "mallard-macos-x64",
  },
  "x86_64-pc-windows-msvc": {
    os: "win32",
    arch: "x64",
    library: "duckdb.dll",
    file: "mallard-windows-x64.exe",
  },
} as const satisfies Record<string, Target>;

/** Name of a target. */
export type TargetName = keyof typeof TARGETS;

/** An npm package as `deno info --json` lists it. */
export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  readonly dependencies: readonly string[];
  readonly localPath?: string;
}

/** What is known of the npm packages of the program. */
export interface Packages {
  /** By the package's id. */
  readonly known: ReadonlyMap<string, NpmPackage>;
  /** Ids of those that modules of the program import. */
  readonly imported: ReadonlySet<string>;
  /** Paths of the files of a package; none where it was not fetched. */
  readonly filesOf: (folder: string) => readonly string[];
}

/** Package of the country database. */
export const COUNTRIES = "@ip-location-db/geo-whois-asn-country-mmdb";
const BINDINGS = "@duckdb/node-bindings-";

/** Whether a text names a target. */
export function isTarget(name: string): name is TargetName {
  return Object.hasOwn(TARGETS, name);
}

/** DuckDB's shared library for a target, and its version; null where it was not fetched. */
export function libraryOf(
  target: Target,
  { known, filesOf }: Packages,
): { readonly path: string; readonly version: string } | null {
  for (const { name, version, localPath } of known.values()) {
    if (name !== `${BINDINGS}${target.os}-${target.arch}` || localPath === undefined) continue;
    const path = filesOf(localPath).find((file) => file.endsWith(`/${target.library}`));
    if (path !== undefined) return { path, version };
  }
  return null;
}

/** Path of the country database; null where its package was not fetched. */
export function countriesOf({ known, filesOf }: Packages): string | null {
  const found = [...known.values()].find(({ name }) => name === COUNTRIES);
  const files = found?.localPath === undefined ? [] : filesOf(found.localPath);
  return files.find((path) => path.endsWith("-country.mmdb")) ?? null;
}

/**
 * Every file of the npm packages to leave out: of packages only the tools and tests use, of other
 * platforms, and what is only there for people to read. (Only exact files can be left out of npm
 * packages; folders have no effect.)
 */
export function excludedFiles(target: Target, { known, imported, filesOf }: Packages): string[] {
  const needed = new Set(imported);
  for (const id of needed) known.get(id)?.dependencies.forEach((name) => needed.add(name));
  const excluded: string[] = [];
  for (const [id, { name, localPath }] of known) {
    const isForeign = name.startsWith(BINDINGS) &&
      name !== `${BINDINGS}${target.os}-${target.arch}`;
    for (const path of localPath === undefined ? [] : filesOf(localPath)) {
      if (!needed.has(id) || isForeign || isSuperfluous(path)) excluded.push(path);
    }
  }
  return excluded;
}

/** Whether no run of the program reads this file of a package it uses. */
function isSuperfluous(path: string): boolean {
  return /\.d\.[cm]?ts$|\.map$|\.md$|\.c$|\.min\.js$|\/umd\/|\.esm\.js$|\/browser\.c?js$/.test(
    path,
  ) ||
    /\/(libduckdb\.(so|dylib)|duckdb\.dll)$/.test(path); // Embedded compressed instead.
}
