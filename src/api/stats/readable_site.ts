// Which site a request is about, and whether its caller may read it.
import { AppError } from "../../core/errors.ts";
import type { Context } from "../../http/route.ts";
import type { Params } from "../../query/params.ts";
import { siteOf } from "../../query/parse.ts";

/**
 * The site of a request that its caller may read. Throws `bad_request`, or `unauthorized` where a
 * login would help, else `forbidden`.
 */
export function readableSite(params: Params, context: Context): string {
  const site = siteOf(params);
  if (context.access.sites !== null && !context.access.sites.includes(site)) {
    const code = context.access.who === "nobody" ? "unauthorized" : "forbidden";
    throw new AppError(code, "Cannot read this site: the caller has no right to it");
  }
  return site;
}
