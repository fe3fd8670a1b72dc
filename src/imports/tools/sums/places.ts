// Names of regions by their codes of ISO 3166-2, and of cities by their ids of GeoNames, for files
// that have no names.
import { join, raw, type Sql, sql } from "../../../core/sql.ts";
import { readPlaces } from "../../../reference/places.ts";
import type { Db } from "../../../storage/duckdb.ts";
import { literal } from "../../../storage/parquet/schema.ts";
import { fill } from "../../stage/enrich.ts";

/** Makes the tables `regions` and `cities` of the codes and ids of some rows. */
export async function fillPlaces(db: Db, rows: Sql, pause: () => Promise<void>): Promise<void> {
  const places = await readPlaces();
  await fill(db, rows, {
    table: "regions",
    keys: ["region"],
    columns: ["name"],
    read: ({ region }) => ({ name: places.region(String(region)) }),
  }, pause);
  await fill(db, rows, {
    table: "cities",
    keys: ["city"],
    columns: ["name"],
    read: ({ city }) => ({ name: places.city(String(city)) }),
  }, pause);
}

/** The name of a code or id, which has to be in its table. */
export function placeName(table: "regions" | "cities", code: Sql): Sql {
  const key = raw(table === "regions" ? "region" : "city");
  return sql`(select any_value(name) from ${raw(table)} where ${raw(table)}.${key} = ${code})`;
}

/** English names of countries with their codes. */
export function countryNames(): Sql {
  const names = new Intl.DisplayNames("en", { type: "region", fallback: "none" });
  const letters = Array.from({ length: 26 }, (_, at) => String.fromCharCode(65 + at));
  const codes = letters.flatMap((first) => letters.map((second) => first + second));
  // Codes of the past have the names of those that followed them.
  const isToday = (code: string) => Intl.getCanonicalLocales(`und-${code}`)[0] === `und-${code}`;
  const values = codes.filter(isToday).flatMap((code) => {
    const name = names.of(code);
    return name === undefined ? [] : [sql`(${literal(name)}, ${literal(code)})`];
  });
  return sql`(select * from (values ${join(values)}) as list(name, code))`;
}

/** The code of a country by its code or English name; a text that is neither stays. */
export function countryCode(text: Sql): Sql {
  return sql`case when length(${text}) = 2 then upper(${text}) else coalesce(
    (select any_value(code) from ${countryNames()} as names where names.name = ${text}),
    ${text}) end`;
}
