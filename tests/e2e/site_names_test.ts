// Sites by their names, sources by theirs: through the whole program, with everything around them.
import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert";
import { pageview } from "../support/events.ts";
import { openFolder, withFolder } from "../support/storage/storage.ts";
import { openApp, type RunningApp } from "../support/server/running_app.ts";

const BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0";

async function send(app: RunningApp, event: Record<string, string>): Promise<number> {
  const body = JSON.stringify({ n: "pageview", ...event });
  const response = await app.send("/api/event", {
    method: "POST",
    headers: { "user-agent": BROWSER },
    body,
  });
  await response.body?.cancel();
  return response.status;
}

async function ask(app: RunningApp, path: string, sent: object = {}) {
  const response = await app.send(path, sent);
  return [response.status, await response.json()] as const;
}

async function pageviews(app: RunningApp, site: string): Promise<number> {
  const [, main] = await ask(app, `/api/stats/main?site_id=${site}&period=day`);
  return main.total_pageviews;
}

Deno.test("ids that differ in case are one site, for everything that names it", async () => {
  const app = await openApp();
  try {
    for (const d of ["Case.Example", "case.example", "CASE.example"]) {
      equal(await send(app, { d, u: "https://case.example/a" }), 202);
    }
    for (const id of ["Case.Example", "case.example"]) equal(await pageviews(app, id), 3, id);
    const query = {
      method: "POST",
      body: JSON.stringify({ site_id: "case.EXAMPLE", metrics: ["pageviews"], date_range: "day" }),
    };
    const [, v2] = await ask(app, "/api/v2/query", query);
    deepEqual(v2.results, [{ metrics: [3], dimensions: [] }]);
    const added = { method: "POST", body: '{"site_id":"case.example","timezone":"Europe/Berlin"}' };
    const [status, site] = await ask(app, "/api/sites", added);
    deepEqual([status, site.site_id], [201, "Case.Example"]);
    equal(
      (await ask(app, "/api/sites", { method: "POST", body: '{"site_id":"CASE.example"}' }))[0],
      409,
    );
    const goal = { method: "POST", body: '{"name":"Buy","event":"buy"}' };
    equal((await ask(app, "/api/sites/CASE.EXAMPLE/goals", goal))[0], 201);
    const [, goals] = await ask(app, "/api/sites/case.example/goals");
    deepEqual(goals.map(({ name }: { name: string }) => name), ["Buy"]);
    const [, changed] = await ask(app, "/api/sites/case.example", {
      method: "PATCH",
      body: '{"public":true}',
    });
    deepEqual([changed.site_id, changed.timezone, changed.public], [
      "Case.Example",
      "Europe/Berlin",
      true,
    ]);
    const [, all] = await ask(app, "/api/sites");
    deepEqual(all.map(({ site_id }: { site_id: string }) => site_id), ["Case.Example"]);
    const range = "start_date=1995-01-01&end_date=2100-01-01";
    const [, erased] = await ask(app, `/api/gdpr/erase?site_id=cAsE.example&${range}`, {
      method: "DELETE",
    });
    equal(erased.db_records_deleted, 3);
    equal(await pageviews(app, "Case.Example"), 0);
    equal((await ask(app, "/api/sites/case.EXAMPLE?events=erase", { method: "DELETE" }))[0], 200);
    deepEqual((await ask(app, "/api/sites"))[1], []);
    await send(app, { d: "case.example", u: "/a" });
    equal((await ask(app, "/api/sites"))[1][0].site_id, "case.example", "a new site");
  } finally {
    await app.close();
  }
});

Deno.test("source is utm_source, source, ref or the referrer, but no own host", async () => {
  const app = await openApp();
  try {
    const body = JSON.stringify({ site_id: "a.example", hostnames: ["a.example", "*.b.example"] });
    await ask(app, "/api/sites", { method: "POST", body });
    const visits: [query: string, r: string][] = [
      ["?utm_source=perplexity", ""],
      ["?ref=producthunt.com", "https://www.google.com/"],
      ["?source=old.reddit.com&ref=x", ""],
      ["", "https://shop.b.example/"],
      ["", "https://www.a.example/"],
      ["", "https://www.google.com/"],
    ];
    for (const [at, [query, r]] of visits.entries()) {
      const headers = { "user-agent": BROWSER, "x-forwarded-for": `81.2.69.${at}` };
      const event = { d: "a.example", n: "pageview", u: `https://a.example/${query}`, r };
      await app.send("/api/event", { method: "POST", headers, body: JSON.stringify(event) });
    }
    const by = async (dimension: string) => {
      const [, answer] = await ask(
        app,
        `/api/stats/query?site_id=a.example&period=day&metrics=visitors&dimensions=${dimension}`,
      );
      type Row = { dimensions: string[]; metrics: { visitors: number } };
      const { results }: { results: Row[] } = answer;
      return Object.fromEntries(
        results.map(({ dimensions, metrics }) => [dimensions[0], metrics.visitors]),
      );
    };
    deepEqual(await by("source"), {
      "Direct / None": 2,
      "Perplexity": 1,
      "Product Hunt": 1,
      "Reddit": 1,
      "Google": 1,
    });
    deepEqual(await by("channel"), {
      "Direct": 2,
      "AI Assistants": 1,
      "Organic Social": 2,
      "Organic Search": 1,
    });
    const [, sources] = await ask(app, "/api/stats/breakdown/sources?site_id=a.example&period=day");
    deepEqual(
      sources.map(({ value, visitors }: { value: string; visitors: number }) => [value, visitors]),
      [["(unknown)", 4], ["Google", 2]],
    );
  } finally {
    await app.close();
  }
});

Deno.test("a folder with two ids of a site says so, answers each, and erases both", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    const at = (site_id: string, n: number) => pageview({ site_id, at: `2024-01-15 10:00:0${n}` });
    await storage.append([at("Two.example", 1), at("two.example", 2), at("two.example", 3)]);
    await storage.close();
    const app = await openApp({}, { folder });
    try {
      const told = app.system.lines.find(({ message }) => message.includes("sites merge"));
      equal(told?.fields["sites"], "Two.example two.example");
      const range = "start_date=2024-01-01&end_date=2024-02-01";
      const views = async (id: string) =>
        (await ask(app, `/api/stats/main?site_id=${id}&${range}`))[1].total_pageviews;
      deepEqual([await views("Two.example"), await views("two.example")], [1, 2]);
      const deleting = { method: "DELETE" };
      equal((await ask(app, "/api/sites/two.example?events=erase", deleting))[0], 409);
      const [, erased] = await ask(app, `/api/gdpr/erase?site_id=TWO.example&${range}`, deleting);
      equal(erased.db_records_deleted, 3);
      deepEqual([await views("Two.example"), await views("two.example")], [0, 0]);
    } finally {
      await app.close();
    }
  });
});

Deno.test("internationalised names are taken in either form, everywhere", async () => {
  const ascii = "xn--mller-kva.example";
  const app = await openApp({ MALLARD_SITE_IDS: "müller.example" });
  try {
    const shop = { site_id: "Müller.example", hostnames: ["*.MÜLLER.example", "bücher.example"] };
    const added = { method: "POST", body: JSON.stringify(shop) };
    const [status, site] = await ask(app, "/api/sites", added);
    deepEqual([status, site.site_id], [201, ascii]);
    deepEqual(site.hostnames, [`*.${ascii}`, "xn--bcher-kva.example"]);
    const events: Record<string, string>[] = [
      { d: "müller.example", u: "https://müller.example/a", r: "https://straße.example/" },
      { d: "MÜLLER.example", u: "https://shop.müller.example/a", r: "müller.example/b" },
      { d: ascii, u: `https://${ascii}/a`, r: "https://xn--strae-oqa.example/" },
      { d: ascii, u: "app://müller.example/a", r: "" },
    ];
    for (const event of events) equal(await send(app, event), 202, JSON.stringify(event));
    equal(await send(app, { d: "möller.example", u: "/" }), 403);
    for (const id of [ascii, "müller.example", "www.müller.example"].slice(0, 2)) {
      equal(await pageviews(app, encodeURIComponent(id)), 4, id);
    }
    const count = async (filters: string) => {
      const path = `/api/stats/query?site_id=${ascii}&period=day&metrics=pageviews&filters=`;
      return (await ask(app, path + encodeURIComponent(filters)))[1].results[0].metrics.pageviews;
    };
    equal(await count("is(hostname,müller.example)"), 3);
    equal(await count(`is(hostname,${ascii})`), 3);
    equal(await count("contains(hostname,MÜLLER)"), 4);
    equal(await count("is_not(hostname,müller.example)"), 1);
    const sources = await ask(
      app,
      `/api/stats/values?site_id=${ascii}&period=day&dimension=source&search=straße`,
    );
    deepEqual(sources[1].map(({ value }: { value: string }) => value), ["xn--strae-oqa.example"]);
    const query = {
      method: "POST",
      body: JSON.stringify({
        site_id: "müller.example",
        metrics: ["pageviews"],
        date_range: "day",
      }),
    };
    deepEqual((await ask(app, "/api/v2/query", query))[1].results, [{
      metrics: [4],
      dimensions: [],
    }]);
    equal((await ask(app, `/api/sites/${encodeURIComponent("müller.example")}`))[1].site_id, ascii);
    equal(
      (await ask(app, `/privacy?site_id=${encodeURIComponent("müller.example")}`).catch(
        () => [200],
      ))[0],
      200,
    );
    const range = `site_id=${
      encodeURIComponent("müller.example")
    }&start_date=1995-01-01&end_date=2100-01-01`;
    const [, erased] = await ask(app, `/api/gdpr/erase?${range}`, { method: "DELETE" });
    deepEqual([erased.site_id, erased.db_records_deleted], [ascii, 4]);
  } finally {
    await app.close();
  }
});

Deno.test("a proposed site waits, is accepted and is refused in any case", async () => {
  const app = await openApp({ MALLARD_NEW_SITES: "propose" });
  const decide = async (decision: string, site: string) => {
    const body = JSON.stringify({ decision, sites: [site] });
    return (await ask(app, "/api/new-sites", { method: "POST", body }))[1];
  };
  try {
    for (const d of ["Wait.example", "wait.example", "Spam.example"]) {
      equal(await send(app, { d, u: "/" }), 202);
    }
    const [, { proposed }] = await ask(app, "/api/new-sites");
    deepEqual(
      proposed.map(({ site_id, events }: Record<string, unknown>) => [site_id, events]),
      [["Spam.example", 1], ["Wait.example", 2]],
    );
    deepEqual((await decide("accept", "WAIT.example")).proposed.length, 1);
    equal(await pageviews(app, "wait.EXAMPLE"), 2);
    deepEqual((await decide("refuse", "spam.example")).refused, ["Spam.example"]);
    equal(await send(app, { d: "SPAM.example", u: "/" }), 403);
  } finally {
    await app.close();
  }
});
