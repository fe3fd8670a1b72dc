// Checks of the lines about scripts in docs/switching.md, in a browser.
import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert";
import { type PageChecks, STATS } from "./pages.ts";

const STAY = `<script>addEventListener("click", (event) => event.preventDefault())</script>`;

/** A tag of Plausible's older script. */
function tag(file: string, site: string, more = ""): string {
  return `<script src="${STATS}/js/${file}" data-domain="${site}" ${more}></script>`;
}

/** Checks by the first cell of their line. */
export const SCRIPTS: PageChecks = {
  "`/js/script.js`, `/js/plausible.js`, `/js/analytics.js`, each with dotted extensions": async (
    bench,
    pages,
  ) => {
    for (const file of ["script.js", "plausible.js", "analytics.exclusions.revenue.compat.js"]) {
      const site = await bench.site();
      await pages.expect(await pages.open(site, "/a", tag(file, site)), site, [
        ["pageview", "/a", 1],
      ]);
    }
    const site = await bench.site();
    const all = "script.hash.outbound-links.file-downloads.tagged-events.pageview-props.js";
    const links =
      `${STAY}<a id=out href="https://other.example/">o</a><a id=file href="/a.pdf">f</a>
      <button id=tagged class="plausible-event-name=Tagged">t</button>`;
    const page = await pages.open(site, "/a#/x", tag(all, site, 'event-plan="pro"') + links);
    for (const id of ["out", "file", "tagged"]) await page.click(`#${id}`);
    await pages.expect(page, site, [
      ["File Download", "/a#/x", 1],
      ["Outbound Link: Click", "/a#/x", 1],
      ["Tagged", "/a#/x", 1],
      ["pageview", "/a#/x", 1],
    ]);
    const plans = "metrics=events&dimensions=props:plan&filters=is(name,pageview)";
    deepEqual(await bench.rows(site, plans), [["pro", 1]]);
    const local = await bench.site();
    const manual = await pages.open("localhost", "/a", tag("script.manual.local.js", local));
    await manual.evaluate("plausible('pageview', { u: 'https://a.example/by-hand' })");
    await pages.expect(manual, local, [["pageview", "/by-hand", 1]]);
  },
  [
    "`data-domain`, `data-api`, `data-include`, `data-exclude`, `event-*`, " +
    "`data-file-types`, `data-add-file-types`"
  ]: async (bench, pages) => {
    const site = await bench.site();
    const api = `data-api="${STATS}/api/event"`;
    const listed = `${api} data-include="/in/*" data-exclude="/in/not"`;
    for (const path of ["/in/not", "/out", "/in/a"]) {
      await pages.open(site, path, tag("script.exclusions.js", site, listed));
    }
    const types = `event-plan="pro" file-types="abc"`;
    const files = `${STAY}<a id=own href="/a.abc">a</a><a id=usual href="/a.pdf">p</a>`;
    const file = "script.file-downloads.pageview-props.js";
    const page = await pages.open(site, "/in/b", tag(file, site, types) + files);
    for (const id of ["own", "usual"]) await page.click(`#${id}`);
    await pages.expect(page, site, [
      ["File Download", "/in/b", 1],
      ["pageview", "/in/a", 1],
      ["pageview", "/in/b", 1],
    ]);
    const added = await bench.site();
    const more = tag("script.file-downloads.js", added, `data-add-file-types="abc"`);
    const both = await pages.open(added, "/", more + files);
    for (const id of ["own", "usual"]) await both.click(`#${id}`);
    await pages.expect(both, added, [["File Download", "/", 2], ["pageview", "/", 1]]);
  },
  "`/js/pa-….js` and `plausible.init({…})`": async (bench, pages) => {
    const [own, site] = [await bench.site(), await bench.site()];
    const init = (options: string) =>
      `<script src="${STATS}/js/pa-AbC_1.js"></script><script>
      window.plausible=window.plausible||function(){(plausible.q=plausible.q||[]).push(arguments)};
      plausible.init=plausible.init||function(i){plausible.o=i||{}};
      plausible.init(${options})</script>`;
    await pages.expect(await pages.open(own, "/a", init("")), own, [["pageview", "/a", 1]]);
    const options = `{ domain: "${site}", endpoint: "${STATS}/api/event", hashBasedRouting: true,
      outboundLinks: true, fileDownloads: { fileExtensions: ["abc"] }, formSubmissions: true,
      customProperties: () => ({ plan: "pro" }),
      transformRequest: (body) => ({ ...body, u: body.u + "?ref=news" }) }`;
    const html = `${STAY}<a id=out href="https://other.example/">o</a><a id=file href="/a.abc">f</a>
      <form onsubmit="return false"><button id=form>s</button></form>`;
    const page = await pages.open(own, "/b", init(options) + html);
    for (const id of ["out", "file"]) await page.click(`#${id}`);
    await page.evaluate("document.querySelector('form').requestSubmit()");
    await pages.expect(page, site, [
      ["File Download", "/b", 1],
      ["Form: Submission", "/b", 1],
      ["Outbound Link: Click", "/b", 1],
      ["pageview", "/b", 1],
    ]);
    const plans = "metrics=events&dimensions=source,props:plan&filters=is(name,pageview)";
    deepEqual(await bench.rows(site, plans), [["news", "pro", 1]]);
  },
  [
    "`plausible(name, {props, revenue, callback, url, interactive})`, `plausible.q`, " +
    "classes `plausible-event-…`"
  ]: async (bench, pages) => {
    const site = await bench.site();
    const queue = `<script>window.plausible = window.plausible ||
        function () { (plausible.q = plausible.q || []).push(arguments) };
        plausible("Early")</script>`;
    const classes = "plausible-event-name=Tag+ged plausible-event-plan=pro " +
      "plausible-revenue-amount=3.50 plausible-revenue-currency=EUR";
    const button = `<button id=tagged class="${classes}">t</button>`;
    const html = queue + tag("script.tagged-events.js", site) + button;
    const page = await pages.open(site, "/a", html);
    await page.click("#tagged");
    // Another search is the same page.
    await page.evaluate('history.pushState({}, "", "?page=2")');
    const called = await page.evaluate(`new Promise((resolve) => plausible("Order", {
        props: { plan: "max" }, revenue: { currency: "EUR", amount: 5 }, callback: resolve,
        url: "https://a.example/shop", interactive: false }))`);
    deepEqual(called, { status: 202 });
    await pages.expect(page, site, [
      ["Early", "/a", 1],
      ["Order", "/shop", 1],
      ["Tag ged", "/a", 1],
      ["pageview", "/a", 1],
    ]);
    const by = "metrics=events&dimensions=props:plan&order_by=props:plan:asc";
    deepEqual(await bench.rows(site, by), [["(none)", 2], ["max", 1], ["pro", 1]]);
    deepEqual(await bench.rows(site, "metrics=total_revenue"), [
      [[{ currency: "EUR", value: 8.5 }]],
    ]);
    const other = await bench.site();
    const init = `<script>window.plausible = window.plausible || function () {};
        plausible.init = plausible.init || function (o) { plausible.o = o || {} };
        plausible.init({ domain: "${other}" })</script>`;
    const newTag = `${init}<script src="${STATS}/js/pa-abc.js"></script>`;
    const next = await pages.open(other, "/n", newTag + button);
    await next.click("#tagged");
    await pages.expect(next, other, [["Tag ged", "/n", 1], ["pageview", "/n", 1]]);
  },
  "`localStorage.plausible_ignore`, localhost, driven browsers": async (bench, pages) => {
    const site = await bench.site();
    const flag = `<script>localStorage.plausible_ignore = "true"</script>`;
    const done = async (host: string, path: string, head = "") => {
      const page = await pages.open(host, path, head + tag("script.js", site));
      await page.evaluate("new Promise((resolve) => plausible('x', { callback: resolve }))");
      return page;
    };
    await done(site, "/flag", flag);
    await done("localhost", "/local");
    await done(`driven${site}`, "/#driven");
    const page = await pages.open(`other${site}`, "/b", tag("script.js", site));
    await pages.expect(page, site, [["pageview", "/b", 1]]);
  },
  "`/script.js`": async (bench, pages) => {
    const id = "b59e9c65-ae32-47f1-8400-0000000abcde";
    const site = await bench.site({ aliases: [id] });
    const umami = (more: string, html = "") =>
      `<script src="${STATS}/script.js" data-website-id="${id}" ${more}></script>${html}`;
    const button = `<button id=b data-umami-event="Clicked" data-umami-event-plan="pro">b</button>`;
    const kept = `data-host-url="${STATS}" data-domains="${site}" data-tag="blue"
      data-exclude-search="true" data-exclude-hash="true" data-fetch-credentials="omit"
      data-performance="true"`;
    const page = await pages.open(site, "/a?x=1#y", umami(kept, button));
    await page.click("#b");
    await page.evaluate(`Promise.all([umami.track("Order", { plan: "max" }),
      umami.track((payload) => ({ ...payload, url: "/by-hand" })), umami.identify("ada")])`);
    const expected = [
      ["Clicked", "/a", 1],
      ["Order", "/a", 1],
      ["pageview", "/a", 1],
      ["pageview", "/by-hand", 1],
    ];
    await pages.expect(page, site, expected);
    const silent: readonly (readonly [path: string, html: string])[] = [
      ["/domains", umami('data-domains="other.example"')],
      ["/auto", umami('data-auto-track="false"')],
      [
        "/track",
        `<script>navigator.__defineGetter__("doNotTrack", () => "1")</script>` +
        umami('data-do-not-track="true"'),
      ],
      ["/hook", `<script>window.hook = () => null</script>` + umami('data-before-send="hook"')],
      ["/off", `<script>localStorage["umami.disabled"] = "1"</script>` + umami("")],
    ];
    for (const [path, html] of silent) {
      const other = await pages.open(site, path, html);
      await other.evaluate("umami.track === undefined ? 0 : 1");
      await other.close();
    }
    deepEqual(await bench.events(site), expected);
    const tags = "metrics=events&dimensions=props:tag";
    deepEqual(await bench.rows(site, tags), [["blue", 4]]);
  },
  "`/count.js`": async (bench, pages) => {
    const site = await bench.site({ aliases: ["stats"], public: true });
    const goat = (more: string, html = "") =>
      `<script src="${STATS}/count.js" data-goatcounter="${STATS}/count" ${more}></script>${html}`;
    const settings = `data-goatcounter-settings='{"path":"/own","no_events":true}'`;
    const html =
      `<button id=b data-goatcounter-click="Clicked" data-goatcounter-no-session>b</button>
      <p id=counter></p>`;
    const page = await pages.open(site, "/a?ref=x", goat(settings, html));
    await page.evaluate(`goatcounter.bind_events();
      goatcounter.count({ path: "Order", event: true }); goatcounter.visit_count({
        append: "#counter", type: "svg", path: "/own" })`);
    await page.click("#b");
    equal(await page.evaluate("goatcounter.get_query('ref')"), "x");
    equal(await page.evaluate("goatcounter.filter()"), false);
    match(String(await page.evaluate("goatcounter.url({ path: '/u' })")), /count\?p=%2Fu&/);
    const source = await page.evaluate("document.querySelector('#counter img').src");
    equal(String(source).startsWith(`${STATS}/counter/%2Fown.svg`), true);
    const expected = [["Clicked", "/", 1], ["Order", "/", 1], ["pageview", "/own", 1]];
    await pages.expect(page, site, expected);
    const toggled = await pages.open(
      site,
      "/#toggle-goatcounter",
      `<script>window.alert = () => {}</script>${goat("")}`,
    );
    equal(await toggled.evaluate("goatcounter.filter()"), "disabled with #toggle-goatcounter");
    await toggled.close();
    deepEqual(await bench.events(site), expected);
  },
};
