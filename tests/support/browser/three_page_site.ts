// A site of three pages on its own port, as an owner would build it: the tracker's tag in
// each page, links between them, a control that navigates by script and one that sends an event.

/** The site's pages: path and title. */
export const PAGES = { "/": "Home", "/pricing": "Pricing", "/blog/first-post": "First post" };

/** How the pages embed the tracker. */
export interface SiteOptions {
  /** Address of the tracker's file. */
  readonly tracker: string;
  /** The site id. */
  readonly domain: string;
  /** Further attributes of the tag, such as `data-api="…"`. */
  readonly attributes?: string;
  /** Further HTML of the head, before the tag. */
  readonly head?: string;
  /** How many times the tag stands in the page; 1 by default. */
  readonly tags?: number;
}

/** A running site. */
export interface ThreePageSite {
  /** Origin without a slash at the end. */
  readonly url: string;
  /** `METHOD /path` of every request for anything but its pages, in order. */
  readonly strays: readonly string[];
  close(): Promise<void>;
}

/** Starts the site. */
export function startThreePageSite(options: SiteOptions): ThreePageSite {
  const strays: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    const title = Object.entries(PAGES).find(([path]) => path === pathname)?.[1];
    if (title === undefined) {
      if (pathname !== "/favicon.ico") strays.push(`${request.method} ${pathname}`);
      return new Response("not here", { status: 404 });
    }
    return new Response(pageHtml(title, options), {
      headers: { "content-type": "text/html; charset=utf-8" },
    });
  });
  const { port } = server.addr as Deno.NetAddr;
  return { url: `http://127.0.0.1:${port}`, strays, close: () => server.shutdown() };
}

function pageHtml(title: string, options: SiteOptions): string {
  const tag = `<script async defer src="${options.tracker}" data-domain="${options.domain}" ${
    options.attributes ?? ""
  }></script>`;
  const links = Object.entries(PAGES).map(([path, text]) => `<a href="${path}">${text}</a>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title}</title>
<link rel="icon" href="data:,">
${options.head ?? ""}
${tag.repeat(options.tags ?? 1)}
</head>
<body>
<nav>${links.join(" ")}</nav>
<h1>${title}</h1>
<button id="more" onclick="history.pushState(null, '', '/pricing?plan=pro')">Plans</button>
<button id="buy" onclick="mallard('purchase',
  { props: { plan: 'pro', seats: 3 }, revenue: 49.9, currency: 'EUR' })">Buy</button>
</body>
</html>`;
}
