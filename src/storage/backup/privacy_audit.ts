// Looks through DATA_DIR for anything that has the form of a network address or an e-mail
// address: Parquet files by column, mallard.sqlite by column, every other file as text; and through
// the events of a lake. It changes nothing, and its report quotes nothing that it found.
import { firstLine } from "../parquet/corruption.ts";
import { join, raw, type Sql, sql } from "../../core/sql.ts";
import { MASKED_COLUMNS } from "../../core/text.ts";
import type { Files } from "../../core/types.ts";
import type { Db, Row } from "../duckdb.ts";
import { literalPath } from "../parquet/schema.ts";
import { Sqlite } from "../state/sqlite.ts";

/** What a text may look like. */
export type FindingKind = "IPv4 address" | "IPv6 address" | "e-mail address";

/** Values of one kind at one place. `place` is a path below DATA_DIR, with a column or field. */
export interface Finding {
  readonly place: string;
  readonly kind: FindingKind;
  readonly count: number;
}

/** Events that are in a lake. */
export interface LakeEvents {
  readonly sites: readonly string[];
  /** Names of the columns of texts. */
  readonly columns: readonly string[];
  /** Aggregates of a site's events: one row. */
  readonly ask: (site: string, aggregates: Sql) => Promise<Row>;
  /** Told of each site. */
  readonly onSite?: (done: number, total: number) => void;
}

/** What was looked at, what was found, and what could not be read. */
export interface AuditReport {
  readonly files: number;
  readonly events: number;
  /** Events in the lake; missing where there is none. */
  readonly lake_events?: number;
  readonly findings: readonly Finding[];
  /** Texts of events that hold long tokens or ids: not wrong, but an owner may want them masked. */
  readonly tokens: readonly { readonly place: string; readonly count: number }[];
  readonly unread: readonly { readonly path: string; readonly why: string }[];
}

const BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
const GROUP = "[0-9A-Fa-f]{1,4}";
const GROUPS = `${GROUP}(?::${GROUP}){0,6}`;
const BEFORE = "(?:^|[^0-9A-Za-z:.])";
const AFTER = "(?:$|[^0-9A-Za-z:.])";

/** Written so that RE2 and JavaScript interpret them equally. */
const PATTERNS: Readonly<Record<FindingKind, string>> = {
  "IPv4 address": `(?:^|[^0-9.])(?:${BYTE}\\.){3}${BYTE}(?:$|[^0-9.]|\\.(?:$|[^0-9]))`,
  "IPv6 address": `${BEFORE}(?:(?:${GROUP}:){7}${GROUP}|${GROUPS}::(?:${GROUPS})?|::${GROUPS})` +
    AFTER,
  "e-mail address": "[A-Za-z0-9._+-]+(?:@|%40)[A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)*\\.[A-Za-z]{2,}",
};
const KINDS = Object.keys(PATTERNS) as FindingKind[];

/** Versions such as 120.0.0.0 look like an address. */
const VERSIONS: ReadonlySet<string> = new Set(["browser_version", "os_version"]);

/** Libraries of this program, and the socket of the server. */
const NOT_DATA = /^\.(?:native|extensions)\/|^\.owner\.sock$/;
const FILES_AT_ONCE = 200;
const ROWS_AT_ONCE = 5000;
const TEXT_BYTES_MAX = 256 * 1024 * 1024;
const JSON_DEPTH_MAX = 16;

/**
 * Looks through `dataDir`, which `db` may read, and the lake where its events are. Rejects only
 * where the folder cannot be listed.
 */
export async function auditData(
  db: Db,
  files: Files,
  dataDir: string,
  lake?: LakeEvents,
): Promise<AuditReport> {
  const audit = new Audit(db, files, dataDir);
  const paths = (await files.tree(dataDir)).filter((path) => !NOT_DATA.test(path));
  const parquet = paths.filter((path) => path.includes(".parquet"));
  const sqlite = paths.filter((path) => /^mallard\.sqlite(\.v\d+)?(-wal|-shm)?$/.test(path));
  const rest = paths.filter((path) => !parquet.includes(path) && !sqlite.includes(path));
  for (const path of paths) audit.look(path, "name of the file", null, path);
  for (let at = 0; at < parquet.length; at += FILES_AT_ONCE) {
    await audit.parquet(parquet.slice(at, at + FILES_AT_ONCE));
  }
  for (const path of sqlite) if (!/-(wal|shm)$/.test(path)) audit.sqlite(path);
  for (const path of rest) await audit.text(path);
  if (lake) await audit.lake(lake);
  return audit.report(paths.length);
}

/** What is looked for in which columns of events. */
interface Checks {
  readonly kinds: readonly { readonly column: string; readonly kind: FindingKind }[];
  readonly masked: readonly string[];
}

function checksOf(columns: readonly string[]): Checks {
  return {
    kinds: columns.flatMap((column) =>
      KINDS.filter((kind) => fits(column, kind)).map((kind) => ({ column, kind }))
    ),
    masked: columns.filter((column) => MASKED.has(column)),
  };
}

/** How many events there are, and how many values of each check. */
function aggregatesOf({ kinds, masked }: Checks): Sql {
  const counted = kinds.map(({ column, kind }, index) => countOf(column, kind, index));
  return join([raw("count(*) as events"), ...counted, ...masked.map(tokensOf)]);
}

class Audit {
  readonly #db: Db;
  readonly #files: Files;
  readonly #dataDir: string;
  readonly #counts = new Map<string, { place: string; kind: FindingKind; count: number }>();
  readonly #unread: { path: string; why: string }[] = [];
  readonly #tokens = new Map<string, number>();
  #events = 0;
  #lakeEvents: number | null = null;

  constructor(db: Db, files: Files, dataDir: string) {
    this.#db = db;
    this.#files = files;
    this.#dataDir = dataDir;
  }

  report(files: number): AuditReport {
    const findings = [...this.#counts.values()].sort((a, b) =>
      a.place < b.place ? -1 : a.place > b.place ? 1 : a.kind < b.kind ? -1 : 1
    );
    const tokens = [...this.#tokens].sort(([a], [b]) => a < b ? -1 : 1)
      .map(([place, count]) => ({ place, count }));
    return {
      files,
      events: this.#events,
      ...this.#lakeEvents === null ? {} : { lake_events: this.#lakeEvents },
      findings,
      tokens,
      unread: this.#unread,
    };
  }

  /** Site by site: what cannot be read of one hides no other. */
  async lake({ sites, columns, ask, onSite }: LakeEvents): Promise<void> {
    this.#lakeEvents = 0;
    const checks = checksOf(columns);
    for (const [index, site] of sites.entries()) {
      onSite?.(index, sites.length);
      const place = `lake/site_id=${site}`;
      this.look("lake", "name of a site", null, site);
      try {
        const row = await ask(site, aggregatesOf(checks));
        this.#lakeEvents += Number(row["events"]);
        this.#count(place, checks, row);
      } catch (error) {
        this.#unread.push({ path: place, why: firstLine(error) });
      }
    }
  }

  /** Many files with one query; where that fails, one by one. */
  async parquet(paths: readonly string[]): Promise<void> {
    try {
      await this.#parquet(paths);
    } catch (error) {
      const [only] = paths;
      if (paths.length > 1) { for (const path of paths) await this.parquet([path]); }
      else if (only) this.#unread.push({ path: only, why: firstLine(error) });
    }
  }

  async #parquet(paths: readonly string[]): Promise<void> {
    const list = paths.map((path) => literalPath(`${this.#dataDir}/${path}`));
    const schema = await this.#db.query(
      sql`select distinct name from parquet_schema(${list})
        where type in ('BYTE_ARRAY', 'FIXED_LEN_BYTE_ARRAY') order by name`,
    );
    const columns = schema.map((row) => String(row["name"]));
    const checks = checksOf(columns);
    const rows = await this.#db.query(
      sql`select filename as file, ${aggregatesOf(checks)}
        from read_parquet(${list}, union_by_name = true, hive_partitioning = false,
          filename = true)
        group by filename`,
    );
    for (const row of rows) {
      this.#events += Number(row["events"]);
      const folder = partitionOf(String(row["file"]).slice(this.#dataDir.length + 1));
      this.#count(folder, checks, row);
    }
  }

  /** Adds what the aggregates of events have found. */
  #count(folder: string, { kinds, masked }: Checks, row: Row): void {
    kinds.forEach(({ column, kind }, index) =>
      this.#add(`${folder}, ${column}`, kind, Number(row[`n${index}`]))
    );
    masked.forEach((column, index) => {
      const place = `${folder}, ${column}`;
      const count = Number(row[`t${index}`]);
      if (count > 0) this.#tokens.set(place, (this.#tokens.get(place) ?? 0) + count);
    });
  }

  /** Every text of every table; a text that is JSON field by field. */
  sqlite(path: string): void {
    try {
      const db = Sqlite.openReader(`${this.#dataDir}/${path}`);
      try {
        const tables = db.all("select name from sqlite_master where type = 'table' order by name");
        for (const table of tables) this.#table(db, path, String(table["name"]));
      } finally {
        db.close();
      }
    } catch (error) {
      this.#unread.push({ path, why: firstLine(error) });
    }
  }

  #table(db: Sqlite, path: string, table: string): void {
    const quoted = `"${table.replaceAll('"', '""')}"`;
    for (let offset = 0;; offset += ROWS_AT_ONCE) {
      const rows = db.all(`select * from ${quoted} limit ? offset ?`, ROWS_AT_ONCE, offset);
      for (const row of rows) {
        for (const [column, value] of Object.entries(row)) {
          if (typeof value === "string") this.#value(path, `${table}.${column}`, value);
        }
      }
      if (rows.length < ROWS_AT_ONCE) return;
    }
  }

  #value(path: string, column: string, text: string): void {
    const parsed = /^[[{]/.test(text) ? parseJson(text) : undefined;
    if (parsed === undefined) this.look(path, column, null, text);
    else this.#json(path, column, null, parsed, 0);
  }

  #json(path: string, column: string, field: string | null, value: unknown, depth: number): void {
    if (typeof value === "string") {
      this.look(path, field === null ? column : `${column}.${field}`, field, value);
    } else if (typeof value === "object" && value !== null && depth < JSON_DEPTH_MAX) {
      for (const [name, inner] of Object.entries(value)) {
        this.#json(path, column, Array.isArray(value) ? field : name, inner, depth + 1);
      }
    }
  }

  /** Any other file, read as text whatever it is. */
  async text(path: string): Promise<void> {
    try {
      const bytes = await this.#files.size(`${this.#dataDir}/${path}`) ?? 0;
      if (bytes > TEXT_BYTES_MAX) throw new Error(`it has ${bytes} bytes`);
      const content = await this.#files.readBytes(`${this.#dataDir}/${path}`);
      const text = new TextDecoder("latin1").decode(content ?? new Uint8Array());
      for (const line of text.split("\n")) this.look(path, null, null, line);
    } catch (error) {
      this.#unread.push({ path, why: firstLine(error) });
    }
  }

  look(path: string, column: string | null, field: string | null, text: string): void {
    for (const kind of KINDS) {
      if (field !== null && !fits(field, kind)) continue;
      if (MATCHERS[kind].test(text)) this.#add(column ? `${path}, ${column}` : path, kind, 1);
    }
  }

  #add(place: string, kind: FindingKind, count: number): void {
    if (!(count > 0)) return;
    const key = `${place}\n${kind}`;
    const known = this.#counts.get(key);
    if (known) known.count += count;
    else this.#counts.set(key, { place, kind, count });
  }
}

const MATCHERS = Object.fromEntries(
  KINDS.map((kind) => [kind, new RegExp(PATTERNS[kind])]),
) as Record<FindingKind, RegExp>;

/** The report for people, one finding a line. */
export function auditText(report: AuditReport): string {
  const lines = [
    `Looked at ${report.files} files with ${report.events} events in Parquet${
      report.lake_events === undefined ? "" : `, and at ${report.lake_events} events in the lake`
    }.`,
  ];
  for (const { place, kind, count } of report.findings) {
    lines.push(`${place}: ${count} ${count === 1 ? "value looks" : "values look"} like an ${kind}`);
  }
  if (report.findings.some(({ place, kind }) => kind === "e-mail address" && isMasked(place))) {
    const isLocal = report.lake_events === undefined;
    const stop = isLocal ? "Stop the server and run" : "Run";
    lines.push(`${stop} \`mallard privacy-audit mask\` to mask e-mail addresses in events.`);
  }
  for (const { place, count } of report.tokens) {
    lines.push(
      `${place}: ${count} ${count === 1 ? "value has" : "values have"} a long token or id`,
    );
  }
  if (report.tokens.length > 0) {
    lines.push("Set mask_tokens of a site to mask these; `mallard privacy-audit mask` then does.");
  }
  for (const { path, why } of report.unread) lines.push(`${path}: could not be read: ${why}`);
  if (report.findings.length === 0) lines.push("Nothing looks like an address or an e-mail.");
  return `${lines.join("\n")}\n`;
}

function fits(column: string, kind: FindingKind): boolean {
  return kind !== "IPv4 address" || !VERSIONS.has(column);
}

const MASKED: ReadonlySet<string> = new Set(MASKED_COLUMNS);

/** Whether a finding is in a column of events that is masked. */
function isMasked(place: string): boolean {
  return /^(events|lake)\//.test(place) && MASKED.has(place.split(", ").at(-1) ?? "");
}

/** Values with a token, by the rule of `withoutTokens` in core/text.ts. */
function tokensOf(column: string, index: number): Sql {
  const quoted = raw(`"${column.replaceAll('"', '""')}"`);
  return sql`count(*) filter (where len(list_filter(
    regexp_extract_all(${quoted}::varchar, '[A-Za-z0-9_-]{9,}'),
    lambda run: regexp_full_match(run, '[0-9]+')
      or regexp_full_match(run, '[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}')
      or (regexp_full_match(run, '[A-Za-z0-9]{20,}')
        and regexp_matches(run, '[0-9]') and regexp_matches(run, '[A-Za-z]'))
      or (length(run) >= 24 and regexp_matches(run, '[0-9]')
        and regexp_matches(run, '[a-z]') and regexp_matches(run, '[A-Z]'))
  )) > 0) as ${raw(`t${index}`)}`;
}

function countOf(column: string, kind: FindingKind, index: number): Sql {
  const quoted = raw(`"${column.replaceAll('"', '""')}"`);
  return sql`count(*) filter (
    where regexp_matches(${quoted}::varchar, ${PATTERNS[kind]})
  ) as ${raw(`n${index}`)}`;
}

/** Partitions of a site are reported together. */
function partitionOf(path: string): string {
  return path.replace(/\/date=[^/]+\/[^/]+$/, "");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
