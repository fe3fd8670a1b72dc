// Names of regions by their codes of ISO 3166-2, and of cities by their ids of GeoNames, for files
// that have no names.
import { raw, type Sql, sql } from "../../core/sql.ts";
import { readPlaces } from "../../reference/places.ts";
import type { Db } from "../../storage/duckdb.ts";
import { fill } from "../stage/enrich.ts";

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
