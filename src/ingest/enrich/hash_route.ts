// Pages of sites that route by the fragment of their URLs, as `/app#/orders`: the fragment is part
// of the path, and its query is read like that of the URL.
import { boundedPath, type Page, pageOf } from "./url.ts";

/** Reads a full URL or a path whose fragment is a route. Never fails. */
export function hashRoutedPage(address: string): Page {
  const at = address.indexOf("#");
  const before = at < 0 ? address : address.slice(0, at);
  const [route = "", query = ""] = at < 0 ? [] : address.slice(at + 1).split(/\?(.*)/s);
  if (route === "" && query === "") return pageOf(before);
  const page = pageOf(query ? `${before}${before.includes("?") ? "&" : "?"}${query}` : before);
  // As a path the route is written as other paths are.
  const { pathname } = pageOf(`/${route.replaceAll("#", "%23")}`);
  return { ...page, pathname: boundedPath(`${page.pathname}#${pathname.slice(1)}`) };
}
