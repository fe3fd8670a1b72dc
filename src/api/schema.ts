// GET /api/schema: what can be asked, for the dashboard's choices.
import { json, type Route } from "../core/http.ts";
import { schemaOf } from "../query/schema.ts";

/** The route of the schema. It never changes while the program runs. */
export function schemaRoutes(): Route[] {
  const schema = schemaOf();
  return [{ method: "GET", path: "/api/schema", right: "read", handle: () => json(schema) }];
}
