// Runs a statement of an owner over the events and visits of one site, in a DuckDB of its own that
// can read that site's files and nothing else. Whoever may ask is decided elsewhere.
import { FORMULA } from "../../../dashboard/grammar/csv.js";
import { AppError } from "../../core/errors.ts";
import { SQL_CHARS_MAX, SQL_JSON_CHARS_MAX } from "../../core/limits.ts";
import { raw, type Sql, sql } from "../../core/sql.ts";
import type { Clock, Files, Random } from "../../core/types.ts";
import { withoutFormulas } from "../../storage/backup/export_file.ts";
import { type Db, isOutOfMemory } from "../../storage/duckdb.ts";
import { strictJson } from "../../storage/duckdb/row_text.ts";
import { emptyFolder } from "../../storage/empty_folder.ts";
import { literal } from "../../storage/parquet/schema.ts";
import type { LeasedFiles, Reader } from "../../storage/reader.ts";
import { checkStatement } from "./check.ts";
import {
  answerTable,
  EXPLORE_NAMES,
  type ExploreScope,
  type ExploreTable,
  rowsOfTable,
} from "./tables.ts";

/** Forms of an answer. */
export const SQL_FORMATS = ["json", "csv", "parquet"] as const;

/** Name of a form. */
export type SqlFormat = (typeof SQL_FORMATS)[number];

/** A column of an answer; the type is DuckDB's. */
export interface AnswerColumn {
  readonly name: string;
  readonly type: string;
}

/** What was asked. */
export interface SqlQuestion {
  readonly text: string;
  readonly format: SqlFormat;
  /** Rows of the answer at most. */
  readonly rows: number;
  readonly signal: AbortSignal;
}

/** An answer. Whoever has `content` reads it to its end or cancels it. */
export interface SqlAnswer {
  readonly columns: readonly AnswerColumn[];
  readonly rows: number;
  /** Whether there are more rows. */
  readonly isCut: boolean;
  /** The rows: JSON objects, or a file. */
  readonly content: readonly string[] | ReadableStream<Uint8Array<ArrayBuffer>>;
  /** UTC dates of which it lacks the events of a file that cannot be read. */
  readonly incompleteDates: readonly string[];
}

/** What an exploration needs to know of a site. */
export type SiteScope = Pick<ExploreScope, "gapUs" | "zone">;

/** What a DuckDB for one statement may use. */
export interface SandboxOptions {
  /** The one folder that it may write to. */
  readonly folder: string;
  readonly spillFolder: string;
  /** The files that it may read. */
  readonly paths: readonly string[];
}

/** The parts of the program that it is made of. */
export interface ExploreParts {
  readonly reader: Reader;
  readonly files: Files;
  readonly random: Random;
  readonly clock: Clock;
  readonly openDb: (options: SandboxOptions) => Promise<Db>;
  readonly scopeOf: (site: string) => SiteScope;
}

const ANSWER = "answer";
/** After its time limit a statement has so long to stop. */
const STOP_MS_MAX = 3000;
const KEY_BYTES = 32;
const DAY_US = 86_400_000_000;

/** Runs statements, one at a time: each may use all of the memory that there is for them. */
export class Explore {
  readonly #parts: ExploreParts;
  readonly #folder: string;
  readonly #timeoutMs: number;
  readonly #stopping: AbortSignal;
  #isRunning = false;

  private constructor(
    parts: ExploreParts,
    options: { folder: string; timeoutMs: number; stopping: AbortSignal },
  ) {
    this.#parts = parts;
    this.#folder = options.folder;
    this.#timeoutMs = options.timeoutMs;
    this.#stopping = options.stopping;
  }

  /** Removes what a killed process left in `folder`, which must be in DATA_DIR. */
  static async open(
    parts: ExploreParts,
    options: { folder: string; timeoutMs: number; stopping: AbortSignal },
  ): Promise<Explore> {
    await emptyFolder(parts.files, options.folder);
    return new Explore(parts, options);
  }

  /**
   * The answer to a statement. Rejects with `bad_request` where it is not allowed or DuckDB refuses
   * it, `unprocessable` where it needs too much memory, `unavailable` past the time limit,
   * `too_many_requests` while another runs, and an AbortError.
   */
  async ask(site: string, question: SqlQuestion): Promise<SqlAnswer> {
    if (question.text.length > SQL_CHARS_MAX) {
      throw refused(`it is longer than ${SQL_CHARS_MAX} characters`);
    }
    if (this.#isRunning) {
      throw new AppError("too_many_requests", "Cannot run the statement: another one is running", {
        "retry-after": "2",
      });
    }
    this.#isRunning = true;
    const signal = AbortSignal.any([question.signal, this.#stopping]);
    const work = this.#answer(site, { ...question, signal })
      .finally(() => this.#isRunning = false);
    return await this.#inTime(work);
  }

  /** DuckDB looks at a clock between two rows, not while it plans: nobody waits for that. */
  async #inTime(work: Promise<SqlAnswer>): Promise<SqlAnswer> {
    let cancel = () => {};
    const late = new Promise<never>((_, reject) => {
      cancel = this.#parts.clock.after(this.#timeoutMs + STOP_MS_MAX, () =>
        reject(
          new AppError(
            "unavailable",
            `Cannot answer within ${this.#timeoutMs / 1000} s: the statement is being stopped`,
            { "retry-after": "30" },
          ),
        ));
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      cancel();
      work.catch(() => {});
    }
  }

  async #answer(site: string, question: SqlQuestion): Promise<SqlAnswer> {
    const { files, reader, random } = this.#parts;
    const folder = `${this.#folder}/${random.uuid()}`;
    await files.makeDir(folder);
    try {
      for (let attempt = 0;; attempt++) {
        try {
          return await this.#attempt(site, question, folder);
        } catch (error) {
          const isMended = attempt === 0 && await reader.quarantineCause(error, site);
          if (!isMended) throw this.#told(error);
        }
      }
    } finally {
      await files.removeTree(folder).catch(() => {});
    }
  }

  async #attempt(site: string, question: SqlQuestion, folder: string): Promise<SqlAnswer> {
    const { reader } = this.#parts;
    const limits = { timeoutMs: this.#timeoutMs, signal: question.signal };
    const leased = await reader.leaseFiles(site, `${folder}/hot.parquet`, limits);
    try {
      const db = await this.#parts.openDb({
        folder,
        spillFolder: `${folder}/spill`,
        paths: leased.paths,
      });
      try {
        const run = (statement: Sql) => db.query(statement, limits);
        await run(await this.#statement(site, question, leased, run));
        return await this.#read(site, question, folder, run);
      } finally {
        await db.close();
      }
    } finally {
      leased.release();
    }
  }

  /** The statement that makes the table of the answer. Throws `bad_request`. */
  async #statement(
    site: string,
    { text, rows }: SqlQuestion,
    { paths, isEngaged }: LeasedFiles,
    run: Run,
  ): Promise<Sql> {
    const own = text.trim().replace(/(?:;\s*)+$/, "");
    const [parsed] = await run(sql`select json_serialize_sql(${own}::varchar)::varchar as parsed`);
    const checked = checkStatement(String(parsed?.["parsed"]), EXPLORE_NAMES);
    if (checked.fault !== undefined) throw refused(checked.fault);
    const { clock, random, reader } = this.#parts;
    const nowUs = Math.floor(clock.nowMs() * 1000);
    const first = Date.parse(reader.firstDate(site) ?? "");
    const scope: ExploreScope = {
      ...this.#parts.scopeOf(site),
      site,
      paths,
      isEngaged,
      range: {
        fromUs: (Number.isNaN(first) ? nowUs : Math.min(nowUs, first * 1000)) - 2 * DAY_US,
        toUs: nowUs + DAY_US,
      },
      key: random.bytes(KEY_BYTES).toHex(),
    };
    const withChannel = checked.hasStar || checked.columns.has("channel");
    const tables = EXPLORE_NAMES.filter((name) => checked.tables.has(name))
      .map((name: ExploreTable) => ({ name, rows: rowsOfTable(name, scope, withChannel) }));
    // One row more says whether there are more.
    return answerTable(ANSWER, own, rows + 1, tables);
  }

  /** Reads the table of the answer. */
  async #read(
    site: string,
    { format, rows }: SqlQuestion,
    folder: string,
    run: Run,
  ): Promise<SqlAnswer> {
    const described = await run(sql`select column_name as name, data_type as type
      from duckdb_columns() where table_name = ${ANSWER} order by column_index`);
    const columns = described.map(({ name, type }) => ({ name: String(name), type: String(type) }));
    const [counted] = await run(sql`select count(*) as rows from answer`);
    const found = Number(counted?.["rows"]);
    const made = {
      columns,
      rows: Math.min(found, rows),
      isCut: found > rows,
      incompleteDates: this.#parts.reader.incompleteDates(site, {
        fromUs: -Number.MAX_SAFE_INTEGER,
        toUs: Number.MAX_SAFE_INTEGER,
      }),
    };
    const first = sql`from answer limit ${raw(String(rows))}`;
    if (format === "json") return { ...made, content: await jsonRows(first, run) };
    const path = `${folder}/answer.${format}`;
    const copied = format === "csv" ? csvColumns(columns) : raw("*");
    await run(sql`copy (select ${copied} ${first}) to ${literal(path)} (${WRITTEN_AS[format]})`);
    // It is read to its end after its folder is gone.
    return { ...made, content: await this.#parts.files.stream(path) };
  }

  /** What the caller is told of an error: never a path, never the statement that was made. */
  #told(error: unknown): unknown {
    if (error instanceof AppError || !(error instanceof Error) || error.name === "AbortError") {
      return error;
    }
    if (isOutOfMemory(error)) {
      return new AppError(
        "unprocessable",
        "Cannot run the statement: it needs more memory or disk space than SQL may use",
      );
    }
    const [said = ""] = error.message.split(/\n\nLINE \d|\n\nPossible solutions| in: create table/);
    const isOfStatement = OF_STATEMENTS.test(said) && !said.includes(this.#folder);
    if (isOfStatement) return refused(said.replace(/^\w+(?: \w+)* Error: /, ""));
    return new AppError("unprocessable", "Cannot run the statement: DuckDB has failed on it");
  }
}

type Run = (statement: Sql) => ReturnType<Db["query"]>;

/** Whose fault DuckDB names is the statement's. */
const OF_STATEMENTS = new RegExp(
  "^(?:Binder|Catalog|Parser|Syntax|Conversion|Invalid Input|Out of Range|Not implemented" +
    "|Invalid Type|Mismatch Type|Parameter Not Resolved|Divide by Zero) Error",
);

const FORMULAS = new RegExp(FORMULA, "g");

const WRITTEN_AS = {
  csv: sql`format csv, header true`,
  parquet: sql`format parquet, compression zstd`,
} as const;

function refused(found: string): AppError {
  return new AppError("bad_request", `Cannot run the statement: ${found}`);
}

/** Each row as a JSON object. Rejects with `too_large`. */
async function jsonRows(first: Sql, run: Run): Promise<string[]> {
  const asJson = sql`select to_json(r)::varchar as row from (${sql`select * ${first}`}) r`;
  const [size] = await run(
    sql`select coalesce(sum(length(row)), 0)::bigint as chars from (${asJson})`,
  );
  if (Number(size?.["chars"]) > SQL_JSON_CHARS_MAX) {
    throw new AppError(
      "too_large",
      "Cannot answer as JSON: the rows are too long; ask for fewer, or for CSV or Parquet",
    );
  }
  return (await run(asJson)).map(({ row }) => strictJson(String(row)));
}

/** The columns for CSV: no text is a formula of a spreadsheet. */
function csvColumns(columns: readonly AnswerColumn[]): Sql {
  const quoted = (name: string) => raw(`"${name.replaceAll('"', '""')}"`);
  return columns.map(({ name, type }) => {
    const own = quoted(name);
    const head = quoted(name.replace(FORMULAS, "$1'$2"));
    return sql`${type === "VARCHAR" ? withoutFormulas(own) : own} as ${head}`;
  }).reduce((all, one) => sql`${all}, ${one}`);
}
