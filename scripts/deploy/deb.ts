// `deno task deb`: makes dist/mallard_VERSION_ARCH.deb with dpkg-deb: executable, unit, settings as
// a conffile, completions, user. The data folder is made at the installation.
import { parseArgs } from "node:util";
import manifest from "../../deno.json" with { type: "json" };
import { compile } from "../compile/compile.ts";
import { ROOT } from "../lib.ts";

const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: "amd64", aarch64: "arm64" };
const SHELLS = {
  bash: "usr/share/bash-completion/completions/mallard",
  zsh: "usr/share/zsh/vendor-completions/_mallard",
  fish: "usr/share/fish/vendor_completions.d/mallard.fish",
} as const;
const SCRIPTS = ["postinst", "prerm", "postrm"] as const;
const SETTINGS = "etc/mallard/mallard.toml";

/** Makes the package of an executable in a folder; resolves with its path. */
export async function makeDeb(executable: string, folder: string): Promise<string> {
  const architecture = ARCHITECTURES[Deno.build.arch] ?? Deno.build.arch;
  const name = `mallard_${manifest.version}_${architecture}`;
  const tree = await Deno.makeTempDir({ prefix: "mallard-deb-" });
  try {
    await put(tree, "usr/bin/mallard", await Deno.readFile(executable), 0o755);
    await copy(tree, "deploy/systemd/mallard.service", "usr/lib/systemd/system/mallard.service");
    await copy(tree, "mallard.toml.example", SETTINGS);
    await copy(tree, "LICENSE", "usr/share/doc/mallard/copyright");
    for (const [shell, path] of Object.entries(SHELLS)) {
      await put(tree, path, await run(`${tree}/usr/bin/mallard`, ["completions", shell]), 0o644);
    }
    const bytes = (await Deno.stat(executable)).size;
    await put(tree, "DEBIAN/control", controlOf(architecture, bytes), 0o644);
    await put(tree, "DEBIAN/conffiles", `/${SETTINGS}\n`, 0o644);
    for (const script of SCRIPTS) {
      await copy(tree, `deploy/debian/${script}`, `DEBIAN/${script}`, 0o755);
    }
    const path = `${folder}/${name}.deb`;
    await run("dpkg-deb", ["--root-owner-group", "-Zxz", "-z1", "--build", tree, path]);
    return path;
  } finally {
    await Deno.remove(tree, { recursive: true });
  }
}

function controlOf(architecture: string, bytes: number): string {
  return [
    "Package: mallard",
    `Version: ${manifest.version}`,
    `Architecture: ${architecture}`,
    "Maintainer: Mallard Metrics",
    `Installed-Size: ${Math.ceil(bytes / 1024)}`,
    "Depends: libc6, libgcc-s1, libstdc++6, passwd",
    "Section: web",
    "Priority: optional",
    "Description: web analytics that you own",
    " A self-hosted server that counts visits without cookies, with DuckDB and SQLite inside.",
    "",
  ].join("\n");
}

async function copy(tree: string, from: string, to: string, mode = 0o644): Promise<void> {
  await put(tree, to, await Deno.readFile(ROOT + from), mode);
}

async function put(tree: string, path: string, data: Uint8Array | string, mode: number) {
  const target = `${tree}/${path}`;
  await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true, mode: 0o755 });
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  await Deno.writeFile(target, bytes);
  await Deno.chmod(target, mode);
}

async function run(command: string, args: readonly string[]): Promise<string> {
  const done = await new Deno.Command(command, { args: [...args] }).output();
  const decoder = new TextDecoder();
  if (done.success) return decoder.decode(done.stdout);
  throw new Error(`Cannot run ${command}: ${decoder.decode(done.stderr).trim()}`);
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { executable: { type: "string" } } });
  const path = values.executable ?? (await compile((line) => console.log(line))).path;
  console.log(await makeDeb(path, `${ROOT}dist`));
}
