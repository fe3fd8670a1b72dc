// The source of a row as SQL, from the same table as `sourceNameOf` in reference/sources.ts, and
// what it shares with the channel: comparable texts, and the lookup of texts in a table.
import { raw, type Sql, sql } from "../../core/sql.ts";
import { DOMAIN_ABOVE, SOURCE_TEXTS, type SourceFacts } from "../../reference/sources.ts";

/** A table to look texts up in; numbers or texts, of one kind. */
export type Pairs = readonly (readonly [text: string, value: string | number])[];

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
