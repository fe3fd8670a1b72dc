// What is read from addresses, referrers, user agents and texts of the rows of an import: each
// different text once, by the code that reads those of new events.
import type { PathRewrite } from "../../core/paths/rules.ts";
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import { MASKED_COLUMNS, type Masks, maskText } from "../../core/text.ts";
import { hostOfSite } from "../../net/host.ts";
import { deviceOf, NO_HINTS } from "../../ingest/enrich/device.ts";
import { type GeoIp, NOWHERE } from "../../ingest/enrich/geoip.ts";
import { type Referrers, sourceOf } from "../../ingest/enrich/referrer.ts";
import type { Robots } from "../../ingest/enrich/robot.ts";
import { pageOf } from "../../ingest/enrich/url.ts";
import type { UserAgents } from "../../ingest/enrich/user_agent.ts";
import type { Db, Row } from "../../storage/duckdb.ts";
import { literal } from "../../storage/parquet/schema.ts";
import type { RowsSpan } from "./files.ts";

/** What rows are read by. */
export interface EnrichParts {
  readonly referrers: Referrers;
  readonly userAgents: UserAgents;
  readonly robots: Robots;
  readonly geo: GeoIp | null;
}

/** What the owner of the site decided. */
export interface SiteRules {
  readonly site: string;
  readonly aliases: readonly string[];
  readonly hostnames: readonly string[];
  readonly pathRewrite: PathRewrite | null;
  readonly masks: Masks;
  readonly filterBots: boolean;
}

/** Texts that are read at once. */
const TEXTS_AT_ONCE = 2_000;

/** The tables of what texts say, each with its columns of events. */
export const TEXT_TABLES = {
  pages: [
    ...["pathname", "hostname", "utm_source", "utm_medium", "utm_campaign", "utm_content"],
    ...["utm_term", "click_id", "source_tag"],
  ],
  sources: ["referrer", "referrer_source"],
  agents: ["browser", "browser_version", "os", "os_version", "device_type"],
  places: ["country_code", "region", "city"],
} as const;

/** A table of what each text says. */
export interface Lookup {
  readonly table: string;
  /** Columns of the rows that it is looked up by. */
  readonly keys: readonly string[];
  readonly columns: readonly string[];
  readonly read: (row: Row) => Readonly<Record<string, unknown>>;
  readonly where?: Sql;
}

/** Rows with the column `line`; those of some lines may have others beside them. */
export type NumberedRows = (lines?: RowsSpan["lines"]) => Sql;

/**
 * Makes the tables `pages`, `sources`, `agents`, `places` and `masked` of the rows in a relation;
 * resolves with the columns of which texts are masked.
 */
export async function enrich(
  db: Db,
  { from, used }: {
    readonly from: NumberedRows;
    /** Columns that have a value in any row. */
    readonly used: ReadonlySet<string>;
  },
  parts: EnrichParts,
  rules: SiteRules,
  pause: () => Promise<void>,
): Promise<ReadonlySet<string>> {
  for (const lookup of lookups(parts, rules)) await fillFrom(db, from, lookup, pause);
  const names = MASKED_AS_GIVEN.filter((name) => used.has(name));
  return await fillMasks(db, from, names, rules.masks, pause);
}

function lookups(parts: EnrichParts, rules: SiteRules): Lookup[] {
  const { pathRewrite, masks } = rules;
  const names = [rules.site, ...rules.aliases].map(hostOfSite);
  const own = [...names, ...rules.hostnames];
  const mask = (column: (typeof MASKED_COLUMNS)[number], value: unknown) =>
    typeof value === "string" ? maskText(column, value, masks) : null;
  return [
    {
      table: "pages",
      keys: ["url"],
      columns: TEXT_TABLES.pages,
      read: ({ url }) => {
        const page = pageOf(String(url), pathRewrite);
        const masked = MASKED_COLUMNS.flatMap((name) =>
          Object.hasOwn(page, name) ? [[name, mask(name, page[name as keyof typeof page])]] : []
        );
        return { ...page, ...Object.fromEntries(masked) };
      },
    },
    {
      table: "sources",
      keys: ["referred_by", "hostname"],
      columns: TEXT_TABLES.sources,
      read: ({ referred_by, hostname }) => {
        const read = parts.referrers.read(String(referred_by));
        const hosts = typeof hostname === "string" ? [...own, hostname] : own;
        return {
          referrer: mask("referrer", read.stored),
          referrer_source: sourceOf(read, hosts),
        };
      },
    },
    {
      table: "agents",
      keys: ["user_agent"],
      columns: [...TEXT_TABLES.agents, "robot"],
      read: ({ user_agent }) => {
        const text = String(user_agent);
        const agent = parts.userAgents.parse(text);
        const robot = rules.filterBots && parts.robots.of(text) !== null ? "robot" : null;
        return { ...agent, device_type: deviceOf(agent, NO_HINTS, null), robot };
      },
    },
    {
      table: "places",
      keys: ["address"],
      columns: TEXT_TABLES.places,
      read: ({ address }) => ({ ...(parts.geo?.lookup(String(address)) ?? NOWHERE) }),
    },
  ];
}

/** Reads each different text of a table of sums once. They are few: names, and not addresses. */
export async function fill(
  db: Db,
  rows: Sql,
  lookup: Lookup,
  pause: () => Promise<void>,
): Promise<void> {
  const key = join(lookup.keys.map(ident));
  await db.execute(sql`create or replace table numbered as
    select row_number() over () as line, * from (select distinct ${key} from ${rows})`);
  await fillFrom(db, () => raw("numbered"), lookup, pause);
  await db.execute(sql`drop table numbered`);
}

/** Reads each different text of numbered rows once, some at a time. */
async function fillFrom(
  db: Db,
  rows: NumberedRows,
  { table, keys, columns, read }: Lookup,
  pause: () => Promise<void>,
): Promise<void> {
  const names = [...keys, ...columns];
  const typed = join(names.map((name) => sql`${ident(name)} varchar`));
  await db.execute(sql`create or replace table ${ident(table)} (${typed})`);
  const shape = Object.fromEntries(names.map((name) => [name, "VARCHAR"]));
  const insert = insertTexts(table, names, shape);
  const isThere = sql`${ident(keys[0] ?? "")} is not null`;
  for await (const texts of differentTexts(db, rows, keys, isThere)) {
    const made = texts.map((row) => ({ ...row, ...read(row) }));
    await db.executeEach(insert, [JSON.stringify(made, wellFormed)]);
    await pause();
  }
}

/**
 * The different texts in columns of numbered rows, some at a time. They are told apart by what they
 * hash to: the texts themselves may be more than the memory holds.
 */
async function* differentTexts(
  db: Db,
  rows: NumberedRows,
  columns: readonly string[],
  where: Sql,
): AsyncGenerator<Row[]> {
  const hashes = join(columns.map((name) => sql`md5_number(${ident(name)})`));
  await db.execute(sql`create or replace table texts as
    select min(line) as line from ${rows()} where ${where} group by ${hashes}`);
  for (let from = 0;;) {
    const [piece] = await db.query(sql`select max(line) as upto
      from (select line from texts where line > ${from} order by line limit ${TEXTS_AT_ONCE})`);
    const upto = Number(piece?.["upto"] ?? from);
    if (upto === from) break;
    // The bounds spare the reading of all other rows.
    yield await db.query(sql`
      select ${join(columns.map(ident))} from ${rows({ from: from + 1, to: upto })}
      join texts using (line)
      where line > ${from} and line <= ${upto}`);
    from = upto;
  }
  await db.execute(sql`drop table texts`);
}

function insertTexts(table: string, names: readonly string[], shape: object): Sql {
  return sql`insert into ${ident(table)}
    select ${join(names.map((name) => sql`item.${ident(name)}`))}
    from (select unnest(from_json(${""}::varchar, ${literal(JSON.stringify([shape]))})) as item)`;
}

function wellFormed(_: string, value: unknown): unknown {
  return typeof value === "string" ? value.toWellFormed() : value;
}

/** The columns that importers give as they are, and that may hold what is masked. */
const MASKED_AS_GIVEN = MASKED_COLUMNS.filter((name) => name !== "referrer");

/** The table `masked` of texts that change; resolves with the columns that they are of. */
async function fillMasks(
  db: Db,
  rows: NumberedRows,
  given: typeof MASKED_AS_GIVEN,
  masks: Masks,
  pause: () => Promise<void>,
): Promise<ReadonlySet<string>> {
  const columns = new Set<string>();
  await db.execute(
    sql`create or replace table masked (name varchar, text varchar, changed varchar)`,
  );
  if (!masks.emails && !masks.tokens) return columns;
  const may = masks.tokens ? "[@%A-Za-z0-9_-]{2,}" : "@|40|a0";
  const names = ["name", "text", "changed"];
  const insert = insertTexts("masked", names, {
    name: "VARCHAR",
    text: "VARCHAR",
    changed: "VARCHAR",
  });
  for (const name of given) {
    const mayChange = sql`regexp_matches(${ident(name)}, ${literal(may)})`;
    for await (const texts of differentTexts(db, rows, [name], mayChange)) {
      const changes = texts.flatMap((row) => {
        const text = String(row[name]);
        const changed = maskText(name, text, masks);
        return changed === text ? [] : [{ name, text, changed }];
      });
      if (changes.length > 0) columns.add(name);
      if (changes.length > 0) await db.executeEach(insert, [JSON.stringify(changes, wellFormed)]);
      await pause();
    }
  }
  return columns;
}

/** A column as it is given, with what is masked in it. */
export function maskedColumn(name: string, masked: ReadonlySet<string>): Sql {
  const column = sql`r.${ident(name)}`;
  if (!masked.has(name)) return column;
  return sql`coalesce((select any_value(changed) from masked
    where masked.name = ${raw(`'${name}'`)} and masked.text = ${column}), ${column})`;
}
