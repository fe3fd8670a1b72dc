// GET /api/schema: what can be queried, for the dashboard's choices. A client that has the current
// version gets 304.
import { createHash } from "node:crypto";
import { json } from "../../http/response.ts";
import type { Route } from "../../http/route.ts";
import { schemaOf } from "../../query/schema.ts";
import { isKnown } from "../../http/etag.ts";

/** The route of the schema. It never changes while the program runs. */
export function schemaRoutes(): Route[] {
  const schema = schemaOf();
  const hash = createHash("sha256").update(JSON.stringify(schema)).digest("hex").slice(0, 24);
  // Weak, as the schema is sent both plain and compressed.
  const headers = {
    etag: `W/"${hash}"`,
    "cache-control": "no-store",
    vary: "accept-encoding",
  };
  return [{
    method: "GET",
    path: "/api/schema",
    right: "read",
    handle: ({ request }) =>
      isKnown(request.headers.get("if-none-match"), headers.etag)
        ? new Response(null, { status: 304, headers })
        : json(schema, 200, headers),
  }];
}
