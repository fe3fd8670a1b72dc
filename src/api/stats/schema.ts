// GET /api/schema: what can be queried, for the dashboard's choices. A client that has the current
// version gets 304.
import { createHash } from "node:crypto";
import { json } from "../../http/response.ts";
import type { Route } from "../../http/route.ts";
import { Params } from "../../query/params.ts";
import { schemaOf } from "../../query/schema.ts";
import { isKnown } from "../../http/etag.ts";

/** The parameters of the route, and what they mean. */
export const SCHEMA_PARAMS = {
  parts: "only these members of the answer, with commas between; all when missing",
} as const;

/** The route of the schema. It never changes while the program runs. */
export function schemaRoutes(): Route[] {
  const schema = schemaOf();
  // Of all of it, once: a tag of parts needs no more than this and their names.
  const hash = createHash("sha256").update(JSON.stringify(schema)).digest("hex");
  const tagOf = (parts: readonly string[]) =>
    createHash("sha256").update(JSON.stringify([hash, parts])).digest("hex").slice(0, 24);
  return [{
    method: "GET",
    path: "/api/schema",
    right: "read",
    handle: ({ request, url }) => {
      const shown = partsOf(schema, new Params(url.searchParams));
      // Weak, as the schema is sent both plain and compressed.
      const headers = {
        etag: `W/"${tagOf(Object.keys(shown))}"`,
        "cache-control": "no-store",
        vary: "accept-encoding",
      };
      return isKnown(request.headers.get("if-none-match"), headers.etag)
        ? new Response(null, { status: 304, headers })
        : json(shown, 200, headers);
    },
  }];
}

function partsOf(schema: Readonly<Record<string, unknown>>, params: Params) {
  const parts = params.text("parts")?.split(",");
  if (parts === undefined) return schema;
  for (const part of parts) {
    if (!Object.hasOwn(schema, part)) params.fault(`Cannot read parts: ${part} is no part of it`);
  }
  params.check();
  return Object.fromEntries(parts.map((part) => [part, schema[part]]));
}
