// The source of a row as SQL, from the same table as `sourceNameOf` in reference/sources.ts, and
// what it shares with the channel: comparable texts, and the lookup of texts in a table.
import { raw, type Sql, sql } from "../../core/sql.ts";
import { DOMAIN_ABOVE, SOURCE_TEXTS, type SourceFacts } from "../../reference/sources.ts";

/** A table to look texts up in; numbers or texts, of one kind. */
export type Pairs = readonly (readonly [text: string, value: string | number])[];

/** The source whose untagged visits have the name of a click id for a medium, by that id. */
const CLICK_SOURCES = [["gclid", "Google"], ["msclkid", "Bing"]] as const satisfies Pairs;

/** Scheme, user and password, as far as there are any; the host is the group. */
const HOST = "^(?:[a-z][a-z0-9+.-]*://(?:[^/?#]*@)?)?(?:www[.])?(\\[[0-9a-f:.]*\\]|[a-z0-9._-]+)";

/** Gives the SQL of a column that tells the source. */
export type SourceColumns = (name: keyof SourceFacts) => Sql;

const NAME_PAIRS: Pairs = [...SOURCE_TEXTS].flatMap(([text, { name }]) =>
  name === null ? [] : [[text, name] as const]
);

/** Between the texts of a table; none holds it. */
const LINE = "\n";

/** The value that belongs to a text, or NULL. DuckDB makes it a hash join. */
export function lookup(pairs: Pairs, text: Sql): Sql {
  // One text binds at once; a list takes a call for each of its texts, on the main thread.
  const texts = pairs.map(([key]) => key).join(LINE);
  const values = pairs.map(([, value]) => String(value)).join(LINE);
  const type = raw(typeof pairs[0]?.[1] === "number" ? "integer" : "varchar");
  return sql`(select any_value(known_value) from (
      select unnest(string_split(${texts}, ${LINE})) as known_text,
        unnest(string_split(${values}, ${LINE}))::${type} as known_value
    ) where known_text = ${text})`;
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

/**
 * What a table of sources says of a column, as `sourceOfText` finds it; or NULL. A column without
 * a text stays NULL, which costs no lookup.
 */
export function knownSourceSql(pairs: Pairs, column: Sql): Sql {
  const text = sql`lower(trim(${column}, ' '))`;
  const bare = sql`case when starts_with(${text}, 'www.') then substr(${text}, 5) else ${text} end`;
  return sql`coalesce(
    ${lookup(pairs, bare)},
    ${lookup(pairs, sql`nullif(regexp_extract(${bare}, ${DOMAIN_ABOVE}, 1), '')`)}
  )`;
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
    ${knownSourceSql(NAME_PAIRS, tagged)}, ${tagged}, nullif(${columns("referrer_source")}, '')
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
