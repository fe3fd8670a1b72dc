// Pages of sites that route by the fragment of their URLs, as `/app#/orders`: the fragment is part
// of the path, and its query is read like that of the URL.
import type { PathRewrite } from "../../core/paths/rules.ts";
import { boundedPath, type Page, pageOf } from "./url.ts";

/**
 * Reads a full URL or a path whose fragment is a route; the site's path rules see both as one
 * path. Never fails.
 */
export function hashRoutedPage(address: string, rewrite: PathRewrite | null = null): Page {
  const at = address.indexOf("#");
  const before = at < 0 ? address : address.slice(0, at);
  const [route = "", query = ""] = at < 0 ? [] : address.slice(at + 1).split(/\?(.*)/s);
  if (route === "" && query === "") return pageOf(before, rewrite);
  const whole = query ? `${before}${before.includes("?") ? "&" : "?"}${query}` : before;
  const page = pageOf(whole);
  // As a path the route is written as other paths are.
  const { pathname } = pageOf(`/${route.replaceAll("#", "%23")}`);
  const path = `${page.pathname}#${pathname.slice(1)}`;
  const search = whole.includes("?") ? whole.slice(whole.indexOf("?")) : "";
  return { ...page, pathname: boundedPath(rewrite ? rewrite(path + search) : path) };
}
