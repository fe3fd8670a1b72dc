// The text of a custom property in SQL. A key from outside is only ever a bound value.
import { type Sql, sql } from "../../core/sql.ts";

/** The property `key` of a column of JSON as text; NULL if it is missing or not JSON. */
export function propText(props: Sql, key: string): Sql {
  const pointer = `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  return sql`case when json_valid(${props}) then json_extract_string(${props}, ${pointer}) end`;
}
