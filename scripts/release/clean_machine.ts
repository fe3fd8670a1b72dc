// `deno task release:clean FILE`: the life of an executable on a clean machine, a line for each
// step: a folder as the root that holds the file and the C library alone, in a network of
// loopback alone. It is started, filled, backed up, rolled back, upgraded, restored elsewhere.
import { MIGRATIONS } from "../../src/storage/state/migrations.ts";
import { Sqlite } from "../../src/storage/state/sqlite.ts";
import { outputOf } from "../lib.ts";

const READY_TRIES = 600;
const BACKUPS = "/backups";
/** Pages and reports that are asked for through the owner's socket. */
const PATHS = ["/", "/mallard.js", "/metrics", "/privacy", "/api/schema", "/api/openapi.json"];
const REPORTS = ["main", "timeseries", "sessions", "breakdown/countries", "realtime", "retention"];

/** One step: what was done, how long it took, and what came of it. */
export interface CleanStep {
  readonly what: string;
  readonly ms: number;
  readonly result: string;
}

/** Whether this user may make such machines. */
export async function canIsolate(): Promise<boolean> {
  const done = await outputOf("unshare", {
    args: ["-rnm", "sh", "-c", "ip link set lo up"],
    stderr: "null",
  });
  return done?.success ?? false;
}

/** Goes through all steps. Rejects at the first that fails. */
export async function cleanMachine(
  executable: string,
  say: (step: CleanStep) => void = () => {},
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "mallard_clean_" });
  const machines: Machine[] = [];
  const onMachine = async (name: string) => {
    const machine = await Machine.make(`${folder}/${name}`, executable);
    machines.push(machine);
    return machine;
  };
  const step = async <T>(what: string, work: () => Promise<T>, told: (of: T) => string) => {
    const fromMs = performance.now();
    const made = await work();
    say({ what, ms: Math.round(performance.now() - fromMs), result: told(made) });
    return made;
  };
  try {
    await live(await onMachine("first"), await onMachine("second"), step);
  } finally {
    for (const machine of machines) await machine.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

type Step = <T>(what: string, work: () => Promise<T>, told: (of: T) => string) => Promise<T>;

async function live(first: Machine, second: Machine, step: Step): Promise<void> {
  const older = MIGRATIONS.length - 1;
  await step(
    "put the file there",
    () => first.bytes(),
    (bytes) => `${(bytes / 1e6).toFixed(0)} MB`,
  );
  first.beOfOlder(older);
  await step(
    "start, and upgrade the folder of an older version",
    () => first.start(),
    () => "ready",
  );
  const seeds = ["seed", "--days", "3", "--sites", "1", "--visitors", "60", "--json"];
  const { accepted, sites } = await step(
    "count visits",
    () => first.run(...seeds),
    ({ accepted }) => `${accepted} events`,
  );
  const site = String(Object(sites)[0]);
  await step("ask for pages and reports", () => first.askAll(site), (count) => `${count} answers`);
  const events = await step("export", () => first.exported("/out"), (count) => `${count} events`);
  require("events in the export", events, accepted);
  await step("back up", () => first.run("backup", BACKUPS, "--json"), () => "done");
  await step("stop", () => first.stop(), (code) => `exit code ${code}`);
  const back = await step(
    "roll back",
    () => first.run("rollback", "--json"),
    ({ schema_version }) => `schema ${schema_version}`,
  );
  require("the schema after the rollback", back["schema_version"], older);
  await step("upgrade again", () => first.start(), () => "ready");
  require("events after it", await first.exported("/out2"), accepted);
  await step(
    "back up into the same folder",
    () => first.run("backup", BACKUPS, "--json"),
    () => "done",
  );
  await step("verify the backup", () => first.run("verify", BACKUPS, "--json"), () => "sound");
  await first.giveBackups(second);
  await step(
    "restore on another machine",
    () => second.run("restore", BACKUPS, "--json"),
    ({ events }) => `${events} events in files`,
  );
  await step("start there", () => second.start(), () => "ready");
  require("events there", await second.exported("/out"), accepted);
}

function require(what: string, found: unknown, wanted: unknown): void {
  if (found !== wanted) throw new Error(`Clean machine: ${what}: ${found}, not ${wanted}`);
}

/** A root folder with the executable and the libraries that it needs. */
class Machine {
  readonly #root: string;
  #server: Deno.ChildProcess | null = null;

  constructor(root: string) {
    this.#root = root;
  }

  static async make(root: string, executable: string): Promise<Machine> {
    for (const name of ["data", "proc", "tmp", "dev", "etc"]) {
      await Deno.mkdir(`${root}/${name}`, { recursive: true });
    }
    await Deno.copyFile(executable, `${root}/mallard`);
    await Deno.chmod(`${root}/mallard`, 0o755);
    const listed = await new Deno.Command("ldd", { args: [executable] }).output();
    const found = new TextDecoder().decode(listed.stdout).match(/\/\S+\.so\S*/g) ?? [];
    // DuckDB's library needs it beside the others.
    const more = found.filter((path) => path.includes("libgcc_s"))
      .map((path) => path.replace(/libgcc_s.*$/, "libstdc++.so.6"));
    for (const path of [...found, ...more]) {
      await Deno.mkdir(root + path.slice(0, path.lastIndexOf("/")), { recursive: true });
      const real = await Deno.realPath(path).catch(() => null);
      if (real !== null) await Deno.copyFile(real, root + path);
    }
    return new Machine(root);
  }

  async bytes(): Promise<number> {
    return (await Deno.stat(`${this.#root}/mallard`)).size;
  }

  /** Makes the data folder one that an older version has left. */
  beOfOlder(version: number): void {
    const db = Sqlite.open(`${this.#root}/data/mallard.sqlite`);
    for (const migration of MIGRATIONS.slice(0, version)) db.exec(migration);
    db.exec(`pragma user_version = ${version}`);
    db.close();
  }

  async start(): Promise<void> {
    this.#server = this.#command(["serve"]).spawn();
    for (let tries = 0; tries < READY_TRIES; tries++) {
      if ((await this.#command(["health"]).output()).success) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error("Clean machine: the server is not ready");
  }

  async stop(): Promise<number> {
    const server = this.#server;
    this.#server = null;
    server?.kill("SIGTERM");
    return (await server?.output())?.code ?? 0;
  }

  /** Runs a command that prints JSON. */
  async run(...args: string[]): Promise<Readonly<Record<string, unknown>>> {
    const { success, stdout, stderr } = await this.#command(args).output();
    const decoder = new TextDecoder();
    if (!success) throw new Error(`Clean machine: ${args.join(" ")}: ${decoder.decode(stderr)}`);
    return JSON.parse(decoder.decode(stdout));
  }

  /** How many events are exported into a new folder. */
  async exported(folder: string): Promise<number> {
    await Deno.mkdir(this.#root + folder);
    await this.run("export", folder, "--format", "ndjson", "--json");
    let count = 0;
    for await (const { name } of Deno.readDir(this.#root + folder)) {
      const text = await Deno.readTextFile(`${this.#root}${folder}/${name}`);
      count += text.split("\n").filter((line) => line !== "").length;
    }
    return count;
  }

  /** Asks through the socket of the data folder: there is no other way in. */
  async askAll(site: string): Promise<number> {
    const sockets = [...Deno.readDirSync(`${this.#root}/data`)].filter(({ name }) =>
      name.endsWith("sock")
    );
    const path = `${this.#root}/data/${sockets[0]?.name}`;
    using client = Deno.createHttpClient({ proxy: { transport: "unix", path } });
    const reports = REPORTS.map((name) => `/api/stats/${name}?site_id=${site}&period=7d`);
    for (const asked of [...PATHS, ...reports]) {
      const init: RequestInit & { client: Deno.HttpClient } = { client };
      const response = await fetch(`http://localhost${asked}`, init);
      await response.body?.cancel();
      require(`the status of ${asked}`, response.status, 200);
    }
    return PATHS.length + reports.length;
  }

  async giveBackups(other: Machine): Promise<void> {
    const args = ["-a", this.#root + BACKUPS, other.#root];
    await new Deno.Command("cp", { args }).output();
  }

  /** In a network with loopback alone; `exec` makes the process that of the program. */
  #command(args: readonly string[]): Deno.Command {
    const enter =
      'mount --rbind /proc "$0/proc" && ip link set lo up && exec chroot "$0" /mallard "$@"';
    return new Deno.Command("unshare", {
      args: ["-rnm", "sh", "-c", enter, this.#root, ...args],
      clearEnv: true,
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", MALLARD_DATA_DIR: "/data" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
  }
}

if (import.meta.main) {
  const [path] = Deno.args;
  if (path === undefined) {
    console.error("deno task release:clean FILE");
    Deno.exit(2);
  }
  await cleanMachine(await Deno.realPath(path), ({ what, ms, result }) => {
    console.log(`${what.padEnd(52)} ${String(ms).padStart(7)} ms  ${result}`);
  });
}
