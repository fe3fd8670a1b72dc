// `deno task release:sbom [FILE]`: writes the bill of materials of the executable in CycloneDX 1.6:
// every npm package that is in it, with version, licence and hash, and the runtime.
import manifest from "../../deno.json" with { type: "json" };
import { filesBelow, ROOT } from "../lib.ts";

interface Locked {
  readonly integrity?: string;
}

interface Listed {
  readonly name: string;
  readonly version: string;
  readonly dependencies: readonly string[];
  readonly localPath?: string;
}

/** One part of the executable, as CycloneDX has it. */
export interface Component {
  readonly type: "library" | "platform";
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  readonly licenses?: readonly unknown[];
  readonly hashes?: readonly { readonly alg: "SHA-512"; readonly content: string }[];
}

/** A bill of materials. */
export interface Bill {
  readonly bomFormat: "CycloneDX";
  readonly specVersion: "1.6";
  readonly version: 1;
  readonly metadata: { readonly component: Record<string, string> };
  readonly components: readonly Component[];
}

const COUNTRIES = "@ip-location-db/geo-whois-asn-country-mmdb";
/** Browsers get these as files of dashboard/vendor, which no module of the server imports. */
const VENDORED = [
  "bootstrap-icons",
  "country-flag-icons",
  "htm",
  "preact",
  "simple-icons",
  "uplot",
];

/** The bill of materials of this checkout. */
export async function billOfMaterials(): Promise<Bill> {
  const { packages, imported } = await listed();
  const needed = new Set(imported);
  for (const [id, { name }] of packages) {
    if (name === COUNTRIES || VENDORED.includes(name)) needed.add(id);
  }
  for (const id of needed) packages.get(id)?.dependencies.forEach((other) => needed.add(other));
  const lock = JSON.parse(await Deno.readTextFile(`${ROOT}deno.lock`));
  const components: Component[] = [];
  for (const id of [...needed].sort()) {
    const found = packages.get(id);
    if (found) components.push(await componentOf(found, lock.npm[id]));
  }
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: { type: "application", name: "mallard-metrics", version: manifest.version },
    },
    components: [...components, { type: "platform", name: "deno", version: Deno.version.deno }],
  };
}

async function componentOf(found: Listed, locked?: Locked): Promise<Component> {
  const { name, version, localPath } = found;
  const text = localPath && await Deno.readTextFile(`${localPath}/package.json`).catch(() => "");
  const license: unknown = text ? JSON.parse(text).license : undefined;
  const [, base64] = /^sha512-(.*)$/.exec(locked?.integrity ?? "") ?? [];
  return {
    type: "library",
    name,
    version,
    purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
    ...typeof license === "string" ? { licenses: [{ expression: license }] } : {},
    ...base64 ? { hashes: [{ alg: "SHA-512", content: hex(base64) }] } : {},
  };
}

function hex(base64: string): string {
  return [...atob(base64)].map((char) => char.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}

/** The npm packages that `deno info` knows, and the ids of those that modules import. */
async function listed() {
  const packages = new Map<string, Listed>();
  const imported = new Set<string>();
  const workers = filesBelow("src").filter((path) => path.endsWith("_worker.ts"));
  for (const entry of ["src/main.ts", ...workers]) {
    const done = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", entry],
      cwd: ROOT,
      stderr: "piped",
    }).output();
    const decoder = new TextDecoder();
    if (!done.success) {
      throw new Error(`Cannot list what ${entry} imports: ${decoder.decode(done.stderr).trim()}`);
    }
    const info = JSON.parse(decoder.decode(done.stdout));
    for (const [id, found] of Object.entries<Listed>(info.npmPackages)) packages.set(id, found);
    for (const { npmPackage } of info.modules) if (npmPackage) imported.add(npmPackage);
  }
  return { packages, imported };
}

if (import.meta.main) {
  const text = JSON.stringify(await billOfMaterials(), null, 2) + "\n";
  const [path] = Deno.args;
  if (path === undefined) console.log(text);
  else await Deno.writeTextFile(path, text);
}
