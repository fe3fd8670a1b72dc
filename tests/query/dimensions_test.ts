import assert from "node:assert/strict";
import { pageview } from "../support/events.ts";
import { withQuestions } from "../support/numbers/questions.ts";

const at = (minute: number) => `2024-03-10T10:${10 + minute}:00`;

Deno.test("DIMENSIONS of names and codes match in any case, others as they are", async () => {
  const events = [
    pageview({
      at: at(0),
      country_code: "DE",
      city: "München",
      browser: "Chrome",
      utm_campaign: "Spring",
      referrer_source: "Google",
      hostname: "example.com",
      page: "/About",
      props: '{"plan":"Pro"}',
    }),
  ];
  const found = {
    "is(country,de)": 1,
    "is(country,DE)": 1,
    "is(country,=de)": 0,
    "is_not(country,de)": 0,
    "is(city,münchen)": 1,
    "is(browser,chrome)": 1,
    "is(source,google)": 1,
    "is(channel,organic search)": 1,
    "is(hostname,Example.COM)": 1,
    "is(country,fr)": 0,
    "is(page,/about)": 0,
    "is(utm_campaign,spring)": 0,
    "is(props:plan,pro)": 0,
    "matches(country,^de$)": 0,
  };
  await withQuestions({ events }, async ({ get }) => {
    for (const [filter, visitors] of Object.entries(found)) {
      const query = `&period=day&filters=${encodeURIComponent(filter)}`;
      const { json } = await get("main", query);
      assert.equal(json.unique_visitors, visitors, filter);
    }
  });
});

Deno.test("DIMENSIONS name an amount without a currency as sums of money do", async () => {
  const events = [
    pageview({ at: at(0), revenue_amount: 1000, revenue_currency: "EUR" }),
    pageview({ at: at(1), revenue_amount: 500 }),
    pageview({ at: at(2) }),
    // Its amount could not be read, or was never sent.
    pageview({ at: at(3), revenue_currency: "USD" }),
  ];
  await withQuestions({ events }, async ({ get }) => {
    const ask = async (more: string) =>
      (await get("query", `&period=day&metrics=events,total_revenue${more}`)).json.results;
    const money = (currency: string, value: number) => [{ currency, value }];
    const rows: { dimensions: string[]; metrics: { total_revenue: unknown } }[] = await ask(
      "&dimensions=currency",
    );
    assert.deepEqual(
      rows.map(({ dimensions, metrics }) => [...dimensions, metrics.total_revenue]).sort(),
      [["(none)", []], ["EUR", money("EUR", 10)], ["XXX", money("XXX", 5)]],
    );
    const [only] = await ask("&filters=is(currency,xxx)");
    assert.deepEqual(only.metrics, { events: 1, total_revenue: money("XXX", 5) });
  });
});

Deno.test("DIMENSIONS of hosts, media of click ids and widths are of the visit", async () => {
  const google = { referrer: "https://www.google.com/search?q=x", referrer_source: "Google" };
  const bing = { referrer: "https://bing.com/", referrer_source: "Bing" };
  const visits = [
    { ...google, click_id: "gclid", screen_size: "390" },
    { ...google, click_id: "gclid", utm_medium: "cpc", screen_size: "1920" },
    { ...google, click_id: "msclkid", screen_size: "1920" },
    { ...bing, click_id: "msclkid" },
    { click_id: "gclid" },
    { utm_source: "google", click_id: "gclid" },
    { referrer: "https://example.com/own", referrer_source: null },
    { referrer: "android-app://com.example.app/", referrer_source: "com.example.app" },
    { referrer: "https://[2001:db8::1]:8080/", referrer_source: "[2001:db8::1]" },
    { referrer: "https://user@Sub.Example.org/", referrer_source: "sub.example.org" },
  ];
  const events = visits.map((own, index) =>
    pageview({ at: at(index), visitor: `v${index}`, ...own })
  );
  const expected = {
    medium: { "(not set)": 6, "(gclid)": 2, "(msclkid)": 1, cpc: 1 },
    referrer_host: {
      ...{ "google.com": 3, "bing.com": 1, "com.example.app": 1, "[2001:db8::1]": 1 },
      ...{ "sub.example.org": 1, "Direct / None": 3 },
    },
    screen_width: { "(not set)": 7, "1920": 2, "390": 1 },
  };
  await withQuestions({ events }, async ({ get }) => {
    for (const [dimension, counts] of Object.entries(expected)) {
      const { json } = await get("query", `&period=day&metrics=visits&dimensions=${dimension}`);
      const found = Object.fromEntries(json.results.map(
        (
          row: { dimensions: string[]; metrics: { visits: number } },
        ) => [row.dimensions[0], row.metrics.visits],
      ));
      assert.deepEqual(found, counts, dimension);
    }
  });
});
