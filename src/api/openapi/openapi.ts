// GET /api/openapi.json and GET /api/docs: the routes of the server, described for programs and for
// people. Neither tells the version of the program or anything of its data.
import { createHash } from "node:crypto";
import { isKnown } from "../../http/etag.ts";
import { json } from "../../http/response.ts";
import type { Route } from "../../http/route.ts";
import { describe } from "./describe.ts";
import { PAGE_POLICY, pageOf } from "./page.ts";

type Row = Pick<Route, "method" | "path" | "right">;

const ROWS: readonly [description: Row, page: Row] = [
  { method: "GET", path: "/api/openapi.json", right: "public" },
  { method: "GET", path: "/api/docs", right: "public" },
];

/** The routes that describe the given ones, and themselves. */
export function openApiRoutes(routes: readonly Route[], basePath: string): Route[] {
  const description = describe([...routes, ...ROWS], basePath);
  const hash = createHash("sha256").update(JSON.stringify(description)).digest("hex").slice(0, 24);
  const headers = { etag: `W/"${hash}"`, "cache-control": "no-cache", vary: "accept-encoding" };
  const [describing, showing] = ROWS;
  return [
    {
      ...describing,
      handle: ({ request }) =>
        isKnown(request.headers.get("if-none-match"), headers.etag)
          ? new Response(null, { status: 304, headers })
          : json(description, 200, headers),
    },
    {
      ...showing,
      handle: () =>
        new Response(pageOf(description), {
          headers: {
            "content-type": "text/html; charset=utf-8",
            "cache-control": "no-cache",
            "content-security-policy": PAGE_POLICY,
          },
        }),
    },
  ];
}
