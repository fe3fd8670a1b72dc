// What the doctor says of a healthy installation and of five broken ones, for docs/doctor.md. The
// installations and checks are real; clock, disk and memory of the machine are fixed.
import { reportText } from "../../../src/cli/setup/doctor.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { OWNER_PEER } from "../../../src/core/access.ts";
import { examine } from "../../../src/doctor/examine.ts";
import { type Probes, realProbes } from "../../../src/runtime/probes.ts";
import { Sqlite } from "../../../src/storage/state/sqlite.ts";
import { fakeSystem } from "../fake_system.ts";
import { until } from "../wait.ts";
import { withFolder } from "../storage/storage.ts";
import { makeCertificate } from "./certificate.ts";
import { openApp, type RunningApp } from "./running_app.ts";

const GIB = 2 ** 30;
const NOW_MS = Date.UTC(2026, 10, 1, 12);
const ORIGIN = "https://stats.example.com";
const PROXY = "203.0.113.7";

type Env = Readonly<Record<string, string>>;

/** One installation: makes it in an empty folder, and returns what is said of it. */
interface Example {
  readonly title: string;
  readonly run: (folder: string) => Promise<string>;
}

const EXAMPLES: readonly Example[] = [
  { title: "Healthy, behind a proxy, with a backup", run: healthy },
  {
    title: "The proxy is not trusted, and does not pass the tracker",
    run: (folder) => examined(folder, { MALLARD_TRUSTED_PROXIES: "loopback" }, { tracker: false }),
  },
  {
    title: "The disk was not mounted, and another program has the port",
    run: async (folder) => {
      using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const port = String(taken.addr.port);
      const env = { MALLARD_HOST: "127.0.0.1", MALLARD_PORT: port };
      const probes = { portFault: realProbes.portFault };
      return (await unserved(folder, env, { probes })).replaceAll(`:${port}`, ":8000");
    },
  },
  {
    title: "A container without a volume, and a memory limit above its own",
    run: async (folder) => {
      await Deno.mkdir(folder, { mode: 0o700 });
      return await unserved(folder, { MALLARD_MEMORY_LIMIT: "3GB" }, {
        memoryBytes: GIB,
        probes: { fileSystemOf: () => Promise.resolve("overlay") },
      });
    },
  },
  { title: "After a downgrade by hand, with files that others can read", run: downgraded },
  {
    title: "The certificate has ended, the secret is short, files are damaged",
    run: files,
  },
];

/** Every example as a block of Markdown; of the broken ones only what is not ok. */
export async function doctorExamples(): Promise<string> {
  const blocks: string[] = [];
  for (const { title, run } of EXAMPLES) {
    const text = await withFolder(async (folder) =>
      (await run(`${folder}/data`)).replaceAll(`${folder}/data`, "/var/lib/mallard")
    );
    const shown = run === healthy ? text : text.replace(/^ok .*\n/gm, "");
    blocks.push(`**${title}**\n\n\`\`\`text\n${shown}\`\`\``);
  }
  return blocks.join("\n\n");
}

/** A machine that is the same everywhere. */
function machine() {
  const system = fakeSystem({ nowMs: NOW_MS });
  const space = () => Promise.resolve({ bytes: 40 * GIB, inodes: 2e6, inodesTotal: 3e6 });
  const probes: Probes = {
    ...realProbes,
    fileSystemOf: () => Promise.resolve("ext4"),
    machineBytes: () => 4 * GIB,
    descriptorLimit: () => 65_536,
    portFault: () => null,
  };
  return { system: { ...system, files: { ...system.files, space } }, probes };
}

/** What the command says where no server answers. */
async function unserved(
  dataDir: string,
  env: Env,
  { memoryBytes = 4 * GIB, probes = {} }: {
    readonly memoryBytes?: number;
    readonly probes?: Partial<Probes>;
  } = {},
): Promise<string> {
  const loaded = loadConfig({ file: null, env: { ...env, MALLARD_DATA_DIR: dataDir } });
  if ("faults" in loaded) throw new Error(loaded.faults.join("\n"));
  const { system, probes: fixed } = machine();
  const report = await examine({
    config: loaded.config,
    dataDir,
    system,
    memoryBytes,
    probes: { ...fixed, ...probes },
    server: null,
  });
  return reportText(report, false);
}

/** What a server behind a proxy says, after one visit and one backup. */
async function examined(folder: string, env: Env, { tracker = true } = {}): Promise<string> {
  const { system, probes } = machine();
  let app: RunningApp | null = null;
  const ask = async (url: string) => {
    const { pathname, search } = new URL(url);
    if (!tracker && pathname === "/mallard.js") {
      return { status: 404, headers: new Headers({ "content-type": "text/html" }), text: "" };
    }
    const headers = { host: new URL(ORIGIN).host, "x-forwarded-for": "198.51.100.4" };
    const response = await app?.send(pathname + search, { headers, peer: PROXY });
    if (!response) throw new Error("there is no server");
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  await Deno.mkdir(`${folder}-backup`);
  app = await openApp({
    MALLARD_ADMIN_PASSWORD: "correct horse battery",
    MALLARD_BACKUP_DIR: `${folder}-backup`,
    MALLARD_DASHBOARD_ORIGIN: ORIGIN,
    MALLARD_TRUSTED_PROXIES: PROXY,
    ...env,
  }, { folder, system, host: { probes: { ...probes, ask }, memoryBytes: 4 * GIB } });
  try {
    const body = JSON.stringify({ d: "example.com", n: "pageview", u: "https://example.com/" });
    await app.send("/api/event", { method: "POST", body, peer: PROXY });
    await backedUp(app);
    await app.app.settle();
    const report = await app.send("/api/doctor", { peer: OWNER_PEER });
    return reportText(await report.json(), true);
  } finally {
    await app.close();
  }
}

async function backedUp(app: RunningApp): Promise<void> {
  const begun = await app.send("/api/backup", { method: "POST", peer: OWNER_PEER });
  await begun.body?.cancel();
  await until(async () => {
    const state = await (await app.send("/api/backup", { peer: OWNER_PEER })).json();
    return state.running_since === null;
  }, "the backup has ended");
}

async function healthy(folder: string): Promise<string> {
  return await examined(folder, {});
}

async function downgraded(folder: string): Promise<string> {
  await Deno.mkdir(folder, { mode: 0o700 });
  const db = Sqlite.open(`${folder}/mallard.sqlite`);
  db.exec("pragma user_version = 99");
  db.close();
  await Deno.chmod(`${folder}/mallard.sqlite`, 0o644);
  return await unserved(folder, {});
}

async function files(folder: string): Promise<string> {
  const partition = `${folder}/quarantine/site_id=example.com/date=2026-10-30`;
  await Deno.mkdir(partition, { recursive: true });
  await Deno.writeTextFile(`${partition}/0001.parquet`, "not Parquet");
  await Deno.writeTextFile(`${folder}/city.mmdb`, "not a database");
  await Deno.writeTextFile(`${folder}/cert.pem`, makeCertificate().cert);
  return await unserved(folder, {
    MALLARD_GEOIP_DB: `${folder}/city.mmdb`,
    MALLARD_SECRET: "short",
    MALLARD_TLS_CERT_PATH: `${folder}/cert.pem`,
    MALLARD_TLS_KEY_PATH: `${folder}/key.pem`,
  }, { probes: { certificateEndMs: () => NOW_MS - 3 * 86_400_000 } });
}
