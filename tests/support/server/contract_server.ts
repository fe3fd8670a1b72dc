// The server from outside: a separate process over a data directory, reached through plain
// sockets and read back from its Parquet files. It must not import anything of src. With
// `MALLARD_TEST_LAKE` its events are in a lake, those of Parquet files too.
import { deepStrictEqual as deepEqual } from "node:assert";
import { openDuckDb, type TestDuckDb } from "../storage/duckdb.ts";
import { IS_OVER_LAKE, lakeOf, storedInLake } from "./contract_lake.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const START_MS_MAX = IS_OVER_LAKE ? 120_000 : 30_000;
const POLL_MS = 5;

/** An ordinary browser; without one an event counts as a robot's. */
export const CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 " +
  "(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";

/** A settled robot. */
export const ROBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

/** The columns of an event with their types, in their documented order. */
export const COLUMNS: readonly (readonly [name: string, type: string, nullable: boolean])[] = [
  ["site_id", "VARCHAR", false],
  ["visitor_id", "VARCHAR", false],
  ["timestamp", "TIMESTAMP", false],
  ["event_name", "VARCHAR", false],
  ["pathname", "VARCHAR", false],
  ["hostname", "VARCHAR", true],
  ["referrer", "VARCHAR", true],
  ["referrer_source", "VARCHAR", true],
  ["utm_source", "VARCHAR", true],
  ["utm_medium", "VARCHAR", true],
  ["utm_campaign", "VARCHAR", true],
  ["utm_content", "VARCHAR", true],
  ["utm_term", "VARCHAR", true],
  ["browser", "VARCHAR", true],
  ["browser_version", "VARCHAR", true],
  ["os", "VARCHAR", true],
  ["os_version", "VARCHAR", true],
  ["device_type", "VARCHAR", true],
  ["screen_size", "VARCHAR", true],
  ["country_code", "VARCHAR", true],
  ["region", "VARCHAR", true],
  ["city", "VARCHAR", true],
  ["props", "VARCHAR", true],
  ["revenue_amount", "DECIMAL(12,2)", true],
  ["revenue_currency", "VARCHAR", true],
];

/** One answer, with header names in lower case. */
export interface Reply {
  readonly status: number;
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly text: string;
  /** The only value of a header; null without it. */
  header(name: string): string | null;
  /** The body read as JSON; the caller says what it expects. */
  json<T = Readonly<Record<string, unknown>>>(): T;
}

/** What a request says beside its method and path. */
export interface Asked {
  readonly headers?: Readonly<Record<string, string | readonly string[]>> | undefined;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  /** Send the body in chunks, without a length. */
  readonly chunked?: boolean;
}

/** How a server is started. */
export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Kept after the stop when given. */
  readonly dataDir?: string;
  /** Settings in TOML, put into a file for a port; then nothing comes from the environment. */
  readonly file?: (port: number, dataDir: string) => string;
}

/** A free port of this machine. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** A new folder below the system's temporary one. */
export function makeFolder(): Promise<string> {
  return Deno.makeTempDir({ prefix: "mallard-contract-" });
}

export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Asks again and again until `check` gives something other than null or undefined. */
export async function until<T>(
  what: string,
  check: () => Promise<T | null | undefined>,
  msMax = 60_000,
): Promise<T> {
  const end = Date.now() + msMax;
  for (;;) {
    const found = await check();
    if (found !== null && found !== undefined) return found;
    if (Date.now() > end) throw new Error(`Waited ${msMax} ms for: ${what}`);
    await wait(POLL_MS);
  }
}

function command(
  { env = {}, args = [] }: StartOptions,
  dataDir: string | null,
  port: number | null,
): Deno.Command {
  const own = {
    ...(dataDir === null ? {} : { MALLARD_DATA_DIR: dataDir }),
    ...(port === null ? {} : { MALLARD_PORT: String(port), MALLARD_HOST: "127.0.0.1" }),
  };
  const inherited = Object.entries(Deno.env.toObject()).filter(([name]) => !/^MALLARD_/.test(name));
  const rights = ["read", "write", "env", "ffi", "sys"].map((right) => `--allow-${right}`);
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--frozen",
      "--no-check",
      "--no-prompt",
      ...rights,
      "--allow-net=127.0.0.1",
      `--config=${ROOT}deno.json`,
      `${ROOT}src/main.ts`,
      ...args,
    ],
    clearEnv: true,
    env: { ...Object.fromEntries(inherited), ...own, ...env },
    cwd: dataDir ?? ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** The same options with the settings in a file, which `{}` among the arguments stands for. */
async function withFile(
  { file, args = ["{}"], ...rest }: StartOptions,
  port: number,
  dataDir: string,
): Promise<StartOptions> {
  const path = `${dataDir}/settings.toml`;
  await Deno.writeTextFile(path, file?.(port, dataDir) ?? "");
  return { ...rest, args: args.map((arg) => arg.replace("{}", path)) };
}

/** Runs the program until it ends by itself, as with settings that it refuses. */
export async function runToEnd(
  options: StartOptions,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const dataDir = options.dataDir ?? await makeFolder();
  const child = command(options, dataDir, null).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), START_MS_MAX);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  if (options.dataDir === undefined) await Deno.remove(dataDir, { recursive: true });
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** A running server. */
export class ContractServer {
  readonly port: number;
  readonly dataDir: string;
  /** What /health/ready answered until it was 200. */
  readonly answersBeforeReady: Reply[] = [];
  readonly #child: Deno.ChildProcess;
  #keeps = true;
  #output = "";
  #ended = false;
  readonly #read: Promise<unknown>;

  private constructor(child: Deno.ChildProcess, port: number, dataDir: string) {
    this.port = port;
    this.dataDir = dataDir;
    this.#child = child;
    this.#read = Promise.all([this.#gather(child.stdout), this.#gather(child.stderr)]);
    child.status.then(() => this.#ended = true);
  }

  /** Starts one and waits until it is ready. */
  static async start(options: StartOptions = {}): Promise<ContractServer> {
    const dataDir = options.dataDir ?? await makeFolder();
    const isOverLake = IS_OVER_LAKE && options.file === undefined;
    const lake = !isOverLake ? {} : await lakeOf(dataDir, {
      adopt: async () => await (await ContractServer.#start(dataDir, options)).end(),
      run: (env, args) => runToEnd({ dataDir, env, args }),
    });
    const env = { ...lake, ...options.env };
    const server = await ContractServer.#start(dataDir, { ...options, env });
    server.#keeps = options.dataDir !== undefined;
    return server;
  }

  static async #start(dataDir: string, options: StartOptions): Promise<ContractServer> {
    const port = freePort();
    const child =
      (options.file === undefined
        ? command(options, dataDir, port)
        : command(await withFile(options, port, dataDir), null, null)).spawn();
    const server = new ContractServer(child, port, dataDir);
    await until("a ready server", async () => {
      if (server.#ended) throw new Error(`The server ended at start:\n${server.#output}`);
      const reply = await server.get("/health/ready").catch(() => null);
      if (reply?.status === 200) return true;
      if (reply !== null) server.answersBeforeReady.push(reply);
      return null;
    }, START_MS_MAX);
    return server;
  }

  async #gather(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of stream) this.#output += decoder.decode(bytes, { stream: true });
  }

  /** All that the process has written so far to its standard output and error. */
  get output(): string {
    return this.#output;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#child.pid;
  }

  ask(method: string, path: string, asked: Asked = {}): Promise<Reply> {
    return exchange(this.port, method, path, asked);
  }

  get(path: string, headers: Asked["headers"] = {}): Promise<Reply> {
    return this.ask("GET", path, { headers });
  }

  /** Sends an event as a browser does; a string goes out as it is. */
  send(event: object | string, headers: Asked["headers"] = {}): Promise<Reply> {
    return this.ask("POST", "/api/event", {
      headers: { "user-agent": CHROME, "content-type": "application/json", ...headers },
      body: typeof event === "string" ? event : JSON.stringify(event),
    });
  }

  /** A value of /metrics by its name with its labels; null where it is missing. */
  async metric(name: string, headers: Asked["headers"] = {}): Promise<number | null> {
    const { text } = await this.get("/metrics", headers);
    const line = text.split("\n").find((one) => one.startsWith(`${name} `));
    return line === undefined ? null : Number(line.slice(name.length + 1));
  }

  /** Ends the process by a signal and gives its exit code. */
  async end(signal: "SIGTERM" | "SIGINT" | "SIGKILL" = "SIGTERM"): Promise<number> {
    if (!this.#ended) this.#child.kill(signal);
    const { code } = await this.#child.status;
    await this.#read;
    return code;
  }

  /** Ends it and removes its folder, unless that was the caller's. */
  async close(): Promise<void> {
    await this.end();
    if (!this.#keeps) await Deno.remove(this.dataDir, { recursive: true });
  }
}

/** One request over its own connection. */
async function exchange(
  port: number,
  method: string,
  path: string,
  { headers = {}, body, chunked = false }: Asked,
): Promise<Reply> {
  const encoder = new TextEncoder();
  const content = typeof body === "string" ? encoder.encode(body) : body;
  const fields: [string, string][] = [];
  for (const [name, value] of Object.entries(headers)) {
    for (const one of typeof value === "string" ? [value] : value) fields.push([name, one]);
  }
  const has = (name: string) => fields.some(([given]) => given.toLowerCase() === name);
  if (!has("host")) fields.unshift(["host", `127.0.0.1:${port}`]);
  if (chunked) fields.push(["transfer-encoding", "chunked"]);
  else if (content !== undefined && !has("content-length")) {
    fields.push(["content-length", String(content.length)]);
  }
  const head = `${method} ${path} HTTP/1.1\r\n` +
    fields.map(([name, value]) => `${name}: ${value}\r\n`).join("") + "\r\n";
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const parts = [encoder.encode(head), ...(chunked ? inChunks(content) : content ? [content] : [])];
  const sent = (async () => {
    for (const part of parts) {
      for (let at = 0; at < part.length;) at += await connection.write(part.subarray(at));
    }
  })().catch(() => {});
  try {
    return parseReply(await readReply(connection, method));
  } finally {
    connection.close();
    await sent;
  }
}

function inChunks(content: Uint8Array<ArrayBuffer> = new Uint8Array()): Uint8Array<ArrayBuffer>[] {
  const encoder = new TextEncoder();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; at < content.length; at += 10_000) {
    const piece = content.slice(at, at + 10_000);
    parts.push(encoder.encode(`${piece.length.toString(16)}\r\n`), piece, encoder.encode("\r\n"));
  }
  return [...parts, encoder.encode("0\r\n\r\n")];
}

/** Reads one answer; nothing asks the server to close, as a proxy would. */
async function readReply(
  connection: Deno.Conn,
  method: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  const buffer = new Uint8Array(65_536);
  let bytesMin = 0;
  for (let bytes = 0;;) {
    const count = await connection.read(buffer).catch(() => null);
    if (count === null) break;
    parts.push(buffer.slice(0, count));
    bytes += count;
    if (bytes < bytesMin) continue;
    const all = joined(parts);
    bytesMin = bytesOfReply(all, method);
    if (bytesMin <= bytes) break;
  }
  return joined(parts);
}

/** How long an answer is, as far as its beginning tells; Infinity where only its end does. */
function bytesOfReply(bytes: Uint8Array<ArrayBuffer>, method: string): number {
  const text = new TextDecoder("latin1").decode(bytes);
  const end = text.indexOf("\r\n\r\n") + 4;
  if (end < 4) return bytes.length + 1;
  const head = text.slice(0, end);
  if (method === "HEAD" || /^HTTP\/1\.1 (204|304) /.test(head)) return end;
  const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(head)?.[1];
  if (length !== undefined) return end + Number(length);
  const isChunked = /\r\ntransfer-encoding: *chunked\r\n/i.test(head);
  if (!isChunked) return Infinity;
  return /(^|\r\n)0\r\n\r\n$/.test(text.slice(end)) ? bytes.length : bytes.length + 1;
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function parseReply(bytes: Uint8Array<ArrayBuffer>): Reply {
  const latin = new TextDecoder("latin1");
  const all = latin.decode(bytes);
  const end = all.indexOf("\r\n\r\n");
  if (end < 0) throw new Error(`No answer: ${JSON.stringify(all.slice(0, 200))}`);
  const [first = "", ...lines] = all.slice(0, end).split("\r\n");
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const at = line.indexOf(":");
    const name = line.slice(0, at).toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), line.slice(at + 1).trim()]);
  }
  const raw = bytes.slice(end + 4);
  const body = headers.get("transfer-encoding")?.includes("chunked") ? unchunked(raw) : raw;
  const text = new TextDecoder().decode(body);
  return {
    status: Number(first.split(" ")[1]),
    headers,
    bytes: body,
    text,
    header(name) {
      const values = headers.get(name) ?? [];
      if (values.length > 1) throw new Error(`${name} stands twice: ${values.join(" | ")}`);
      return values[0] ?? null;
    },
    json: () => JSON.parse(text),
  };
}

function unchunked(raw: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const latin = new TextDecoder("latin1");
  const parts: Uint8Array[] = [];
  for (let at = 0;;) {
    const line = latin.decode(raw.subarray(at, at + 20)).split("\r\n")[0] ?? "";
    const size = parseInt(line, 16);
    if (!(size > 0)) return joined(parts);
    at += line.length + 2;
    parts.push(raw.slice(at, at + size));
    at += size + 2;
  }
}

/** A stored event; columns that are missing are NULL, and `timestamp` is as DuckDB reads it. */
export type StoredRow = Readonly<Record<string, string | number | null>>;

function literal(value: string | number | null): string {
  if (value === null) return "null";
  return typeof value === "number" ? String(value) : `'${value.replaceAll("'", "''")}'`;
}

/** Writes one Parquet file as the original does. `columns` leaves out the others. */
export async function writePartition(
  duckdb: TestDuckDb,
  dataDir: string,
  { site, date, name = "0001.parquet", columns = COLUMNS.map(([column]) => column) }: {
    readonly site: string;
    readonly date: string;
    readonly name?: string;
    readonly columns?: readonly string[];
  },
  rows: readonly StoredRow[],
): Promise<string> {
  const folder = `${dataDir}/events/site_id=${site}/date=${date}`;
  await Deno.mkdir(folder, { recursive: true });
  const kept = COLUMNS.filter(([column]) => columns.includes(column));
  const table = kept.map(([column, type]) => `${column} ${type}`).join(", ");
  await duckdb.run(`create or replace table made (${table})`);
  const lines = rows.map((row) => {
    const full: StoredRow = { site_id: site, ...row };
    return `(${kept.map(([column]) => literal(full[column] ?? null)).join(",")})`;
  });
  for (let at = 0; at < lines.length; at += 2000) {
    await duckdb.run(`insert into made values ${lines.slice(at, at + 2000).join(",")}`);
  }
  await duckdb.run(`copy made to '${folder}/${name}' (format parquet, compression zstd)`);
  return `${folder}/${name}`;
}

/** All rows of the Parquet files below a data directory, as text where not NULL, oldest first. */
export async function readStored(dataDir: string): Promise<Record<string, string | null>[]> {
  const stored = await storedInLake(dataDir, COLUMNS.map(([column]) => column));
  if (stored !== null) return stored;
  const duckdb = await openDuckDb();
  try {
    const rows = await duckdb.rows(`
      select columns(*)::varchar
      from read_parquet('${dataDir}/events/*/*/*.parquet', hive_partitioning = false,
        union_by_name = true)
      order by timestamp, event_name, pathname`);
    return rows as Record<string, string | null>[];
  } finally {
    duckdb.close();
  }
}

/** A test of one clause. A server that runs beside it is not the test's leak. */
export function clause(name: string, fn: () => Promise<void> | void): void {
  Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false });
}

/** Checks every row of a table and fails once, with all rows that did not hold. */
export async function everyRow<Row>(
  rows: Iterable<Row>,
  label: (row: Row) => string,
  check: (row: Row) => Promise<void> | void,
  lanes = 1,
): Promise<void> {
  const faults: string[] = [];
  const left = [...rows].values();
  const lane = async () => {
    for (const row of left) {
      try {
        await check(row);
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        faults.push(`${label(row)}: ${text.split("\n").slice(0, 12).join("\n    ")}`);
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  if (faults.length > 0) throw new Error(`${faults.length} rows:\n${faults.join("\n")}`);
}

/** Fails unless a body is a refusal: a sentence, its code, and perhaps a field; nothing else. */
export function checkRefusal(body: Readonly<Record<string, unknown>>): void {
  const { error, code, field = "", ...rest } = body;
  deepEqual([typeof error, typeof code, typeof field], ["string", "string", "string"]);
  deepEqual(rest, {});
}
