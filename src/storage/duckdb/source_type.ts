// The texts of known sources as a type of DuckDB: a text is cast to it by one hash, where a list
// would be written into each statement and joined. It is made when DuckDB is opened.
import { SOURCE_TEXTS } from "../../reference/sources.ts";

/** Its name. Its values are the keys of `SOURCE_TEXTS`, in their order. */
export const SOURCE_TYPE = "known_source";

/** The statement that makes it. */
export function createSourceType(): string {
  const texts = [...SOURCE_TEXTS.keys()].map((text) => `'${text.replaceAll("'", "''")}'`);
  return `create type ${SOURCE_TYPE} as enum (${texts.join(", ")})`;
}
