// Copies the dashboard's libraries from the pinned npm packages into dashboard/vendor, with their
// licences and a manifest of versions and hashes. With --check it only compares.
import { build, type Plugin, stop } from "esbuild";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { brandsModule, moreBrandsModule } from "./brands.ts";
import { flagOf } from "../dashboard/lib/marks/marks.js";

/**
 * One file of the vendor folder. `prepend` and `append` turn a classic script into a module; `make`
 * writes a module from the exports of the package instead of copying its file, and `makeOfText`
 * writes one from its text. `joined` are modules in the same file: a browser fetches one, not four.
 */
interface VendorFile {
  readonly file: string;
  readonly specifier: string;
  readonly joined?: readonly { readonly specifier: string; readonly names: string }[];
  readonly prepend?: string;
  readonly append?: string;
  readonly make?: (exports: Readonly<Record<string, never>>) => string;
  readonly makeOfText?: (text: string) => string;
}

const FILES: readonly VendorFile[] = [
  {
    file: "preact.js",
    specifier: "preact",
    joined: [
      { specifier: "preact/hooks", names: "*" },
      { specifier: "htm/preact", names: "{ html }" },
    ],
  },
  {
    file: "uplot.js",
    specifier: "uplot/dist/uPlot.iife.min.js",
    // Evaluated when the first chart is drawn: pages without one need not wait for it.
    prepend: "const make = () => {\n",
    append: "\nreturn uPlot;\n};\nlet made;\n" +
      "export default function Plot(...given) {\n  made ??= make();\n" +
      "  return new made(...given);\n}\n",
  },
  { file: "uplot.css", specifier: "uplot/dist/uPlot.min.css" },
  { file: "flags.js", specifier: "country-flag-icons/string/3x2", make: flagsModule },
  { file: "brands.js", specifier: "simple-icons", make: brandsModule },
  {
    file: "more_brands.js",
    specifier: "bootstrap-icons/bootstrap-icons.svg",
    makeOfText: moreBrandsModule,
  },
];

const FOLDER = new URL("../dashboard/vendor/", import.meta.url);

/** Codes of two letters; of those that ISO 3166 leaves to its users, only that of Kosovo. */
const CODE = /^(?:[A-WYZ][A-Z]|XK)$/;

/** The flags that the dashboard does not draw itself: the view box and the parts of each. */
function flagsModule(flags: Readonly<Record<string, string>>): string {
  const lines = Object.entries(flags)
    .filter(([code]) => CODE.test(code) && flagOf(code) === null)
    .map(([code, svg]) => {
      const [, box, parts] = /^<svg [^>]*viewBox="([^"]+)"[^>]*>(.*)<\/svg>\s*$/s.exec(svg) ?? [];
      if (!box || !parts) throw new Error(`Cannot read the flag of ${code}: ${svg.slice(0, 80)}`);
      return `${code}:${JSON.stringify([box, parts.replaceAll(/ class="[^"]*"/g, "")])}`;
    });
  return `export default {\n${lines.join(",\n")}\n};\n`;
}

/** Imports of packages by packages, as this program resolves them. */
const PACKAGES: Plugin = {
  name: "packages",
  setup: ({ onResolve }) =>
    onResolve({ filter: /^[a-z]/ }, ({ path }) => ({
      path: fileURLToPath(import.meta.resolve(path)),
    })),
};

/** One module with the exports of several, and what they import. */
async function joinedModule({ specifier, joined = [] }: VendorFile): Promise<string> {
  const lines = [{ specifier, names: "*" }, ...joined].map(({ specifier, names }) =>
    `export ${names} from "${specifier}";\n`
  );
  const { outputFiles: [made] } = await build({
    stdin: { contents: lines.join("") },
    bundle: true,
    format: "esm",
    minify: true,
    target: "esnext",
    plugins: [PACKAGES],
    write: false,
  });
  await stop();
  return made?.text ?? "";
}

/** The package a file of the npm cache belongs to: its folder, name, version and licence. */
async function packageOf(file: URL) {
  for (let folder = new URL("./", file); folder.pathname !== "/"; folder = new URL("../", folder)) {
    const text = await Deno.readTextFile(new URL("package.json", folder)).catch(() => null);
    const found = text === null ? null : JSON.parse(text);
    if (found?.version) {
      const { name, version, license } = found as Record<string, string>;
      return { folder, name: name ?? "", version: version ?? "", license: license ?? "" };
    }
  }
  throw new Error(`Cannot find the package of ${file.href}: no package.json above it`);
}

/** The text of a package's licence, under either of its usual names. */
async function licenceIn(folder: URL): Promise<Uint8Array<ArrayBuffer>> {
  return await Deno.readFile(new URL("LICENSE", folder))
    .catch(() => Deno.readFile(new URL("LICENSE.md", folder)));
}

function sha256(bytes: Uint8Array<ArrayBuffer>): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function textOf(one: VendorFile): Promise<string> {
  if (one.joined) return await joinedModule(one);
  const source = new URL(import.meta.resolve(one.specifier));
  if (one.make) return one.make(await import(source.href));
  return (one.makeOfText ?? String)(await Deno.readTextFile(source));
}

/** Every file the vendor folder must hold, by name. */
async function wanted(): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const manifest = [];
  for (const one of FILES) {
    const { file, specifier, prepend = "", append = "", joined = [] } = one;
    const bytes = new TextEncoder().encode(prepend + await textOf(one) + append);
    files.set(file, bytes);
    for (const name of [specifier, ...joined.map((module) => module.specifier)]) {
      const source = new URL(import.meta.resolve(name));
      const owner = await packageOf(source);
      const licence = `licenses/${owner.name}.txt`;
      files.set(licence, await licenceIn(owner.folder));
      manifest.push({
        file,
        package: owner.name,
        version: owner.version,
        license: owner.license,
        license_file: licence,
        from: source.href.slice(owner.folder.href.length),
        prepended: prepend,
        appended: append,
        bytes: bytes.byteLength,
        sha256: sha256(bytes),
      });
    }
  }
  const text = JSON.stringify({ files: manifest }, null, 2) + "\n";
  files.set("manifest.json", new TextEncoder().encode(text));
  return files;
}

const checkOnly = Deno.args.includes("--check");
await Deno.mkdir(new URL("licenses/", FOLDER), { recursive: true });
let stale = 0;
for (const [name, bytes] of await wanted()) {
  const path = new URL(name, FOLDER);
  const present = await Deno.readFile(path).catch(() => new Uint8Array());
  if (sha256(present) === sha256(bytes)) continue;
  stale++;
  if (checkOnly) console.error(`dashboard/vendor/${name} differs from the pinned package`);
  else await Deno.writeFile(path, bytes);
}
if (checkOnly && stale > 0) Deno.exit(1);
console.log(checkOnly ? "dashboard/vendor is as pinned" : `dashboard/vendor: ${stale} written`);
