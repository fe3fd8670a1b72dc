// The source of a row as SQL, from the same table as `sourceNameOf` in reference/sources.ts, and
// what it shares with the channel: comparable texts, and the lookup of texts in a table.
import { ident, join, type Sql, sql } from "../../core/sql.ts";
import { DOMAIN_ABOVE, SOURCE_TEXTS, type SourceFacts } from "../../reference/sources.ts";
import { SOURCE_TYPE } from "../../storage/duckdb/source_type.ts";

/** A table to look texts up in; numbers or texts, of one kind. */
export type Pairs = readonly (readonly [text: string, value: string | number])[];

/** The source whose untagged visits have the name of a click id for a medium, by that id. */
const CLICK_SOURCES = [["gclid", "Google"], ["msclkid", "Bing"]] as const satisfies Pairs;

/** Scheme, user and password, as far as there are any; the host is the group. */
const HOST = "^(?:[a-z][a-z0-9+.-]*://(?:[^/?#]*@)?)?(?:www[.])?(\\[[0-9a-f:.]*\\]|[a-z0-9._-]+)";

/** Gives the SQL of a column that tells the source. */
export type SourceColumns = (name: keyof SourceFacts) => Sql;

/** What is said of each known source, in the order of `SOURCE_TEXTS`. */
export type SourceValues = readonly (string | number)[];

/** Those without a name come last: beyond the end of a list there is NULL. */
const NAMES: SourceValues = [...SOURCE_TEXTS.values()].flatMap(({ name }) => name ?? []);

/** Between the texts of a list; none holds it. */
const LINE = "\n";

/** A list: one text binds at once, a list takes a call for each of its texts on the main thread. */
function constantList(values: SourceValues): Sql {
  const list = sql`string_split(${values.join(LINE)}, ${LINE})`;
  return typeof values[0] === "number" ? sql`${list}::integer[]` : list;
}

/** The value that belongs to a text, or NULL. For few pairs: they are looked through. */
export function lookup(pairs: Pairs, text: Sql): Sql {
  const texts = constantList(pairs.map(([key]) => key));
  const values = constantList(pairs.map(([, value]) => value));
  return sql`list_extract(${values}, list_position(${texts}, ${text}))`;
}

/** A column as `comparable` gives it; never NULL. */
export function comparableSql(column: Sql): Sql {
  return sql`lower(trim(coalesce(${column}, ''), ' '))`;
}

/** A column as `comparableSource` gives it; never NULL. */
export function comparableSourceSql(column: Sql): Sql {
  const text = comparableSql(column);
  return sql`case when starts_with(${text}, 'www.') then substr(${text}, 5) else ${text} end`;
}

/** What is said of the first known source that these columns name, as `sourceOfText` finds it. */
export function knownSourceSql(values: SourceValues, columns: readonly Sql[]): Sql {
  const texts = columns.flatMap((column) => {
    const bare = sql`regexp_replace(lower(trim(${column}, ' ')), '^www[.]', '')`;
    return [bare, sql`regexp_extract(${bare}, ${DOMAIN_ABOVE}, 1)`];
  });
  const known = sql`list_any_value(try_cast([${join(texts)}] as ${ident(SOURCE_TYPE)}[]))`;
  return sql`list_extract(${constantList(values)}, 1 + enum_code(${known}))`;
}

/** What the page's address names as its source, or NULL. */
export function taggedSql(columns: SourceColumns): Sql {
  const text = (name: keyof SourceFacts) => sql`nullif(trim(${columns(name)}, ' '), '')`;
  return sql`coalesce(${text("utm_source")}, ${text("source_tag")})`;
}

/** `sourceNameOf` as an expression over columns, or NULL. */
export function sourceSql(columns: SourceColumns): Sql {
  const tagged = taggedSql(columns);
  return sql`coalesce(
    ${knownSourceSql(NAMES, [tagged])}, ${tagged}, nullif(${columns("referrer_source")}, '')
  )`;
}

/** The medium of a campaign, else the name of the source's click id in parentheses, or NULL. */
export function mediumSql(
  columns: (name: keyof SourceFacts | "utm_medium" | "click_id") => Sql,
): Sql {
  const click = columns("click_id");
  return sql`coalesce(
    nullif(${columns("utm_medium")}, ''),
    case when ${lookup(CLICK_SOURCES, click)} = ${sourceSql(columns)}
      then '(' || ${click} || ')' end
  )`;
}

/** The host of a referrer that is no page of the site, or NULL. */
export function referrerHostSql(columns: (name: "referrer" | "referrer_source") => Sql): Sql {
  const host = sql`nullif(regexp_extract(lower(${columns("referrer")}), ${HOST}, 1), '')`;
  return sql`case when ${columns("referrer_source")} is not null then ${host} end`;
}
