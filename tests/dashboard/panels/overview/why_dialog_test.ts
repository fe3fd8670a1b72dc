import assert from "node:assert/strict";
import { USER_AGENT } from "../../../support/browser/browser.ts";
import { dashboardTest } from "../../../support/browser/dashboard.ts";

/** Imports a view for each visit: how many days ago, the page it begins on, and who. */
async function importVisits(
  url: string,
  site: string,
  visits: readonly (readonly [daysAgo: number, page: string, visitor: number])[],
): Promise<void> {
  const lines = visits.map(([daysAgo, page, visitor]) => {
    const at = Date.now() - daysAgo * 24 * 3_600_000;
    const ip = `81.2.69.${visitor}`;
    return JSON.stringify({ d: site, n: "pageview", u: page, at, ip, ua: USER_AGENT });
  });
  const sent = await fetch(`${url}/api/import`, {
    method: "POST",
    headers: { "content-type": "application/x-ndjson" },
    body: lines.join("\n"),
  });
  assert.equal(sent.status, 200, await sent.text());
}

dashboardTest(
  "why_dialog.js explains nothing where data begins within the earlier range, and says so",
  async ({ url, open }) => {
    const site = "begins.example";
    await importVisits(url, site, [[9, "/a", 1], [3, "/a", 1], [3, "/b", 2], [2, "/b", 3]]);
    for (
      const [locale, said] of [
        ["en-GB", /^Data begins on /],
        ["de-DE", /Daten beginnen am /],
        ["fr-FR", /données commencent le /],
        ["es-ES", /datos empiezan el /],
      ] as const
    ) {
      const { page } = await open(`${url}/?site=${site}&period=7d&why=visitors`, { locale });
      const verdict = page.locator(".why-verdict");
      await verdict.waitFor();
      assert.match(await verdict.innerText(), said);
      assert.equal(await page.locator(".why-rows").count(), 0);
      await page.close();
    }
  },
);

dashboardTest("why_dialog.js says that no value changed by more than chance", async (
  { url, open },
) => {
  const site = "steady.example";
  await importVisits(url, site, [
    [40, "/a", 9],
    ...[1, 2, 3].map((day) => [day, "/a", day] as const),
    ...[2, 3].map((day) => [day, "/b", 10 + day] as const),
    ...[8, 9].map((day) => [day, "/a", day] as const),
    ...[8, 9].map((day) => [day, "/b", 10 + day] as const),
  ]);
  const { page } = await open(`${url}/?site=${site}&period=7d&why=visitors`);
  await page.locator(".why-rows tbody tr").first().waitFor();
  assert.match(await page.innerText(".why-verdict"), /Within noise/);
  assert.match(
    await page.innerText(".why-all-noise"),
    /^No value changed by more than chance explains/,
  );
});

dashboardTest("why_dialog.js says of whom a conversion rate is", async ({ url, open }) => {
  const site = "rates.example";
  await importVisits(url, site, [
    [40, "/a", 9],
    ...[1, 2, 3].flatMap((day) => [[day, "/a", day], [day, "/b", 10 + day]] as const),
    ...[8, 9].flatMap((day) => [[day, "/a", day], [day, "/c", 10 + day]] as const),
  ]);
  const made = await fetch(`${url}/api/sites/${site}/goals`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "Seen", page: "/a" }),
  });
  assert.equal(made.status, 201, await made.text());
  const goal = encodeURIComponent("is(goal,Seen)");
  const { page } = await open(
    `${url}/?site=${site}&period=7d&filters=${goal}&why=conversion_rate`,
  );
  await page.locator(".why-rows tbody tr").first().waitFor();
  const text = await page.innerText(".why");
  assert.match(text, /This counts visitors, not visits/);
  assert.match(text, /by its own rate, .* by its share of the visitors/);
  assert.doesNotMatch(text, /share of the visits/);
});

dashboardTest("why_dialog.js says where all values changed alike", async ({ url, open }) => {
  const days = [1, 2, 3, 4, 5, 6];
  const growth = { "alike.example": [20, 20], "one.example": [10, 40] } as const;
  for (const [site, [a, b]] of Object.entries(growth)) {
    const on = (day: number, page: string, count: number, first: number) =>
      Array.from({ length: count }, (_, index) => [day, page, first + index] as const);
    await importVisits(url, site, [
      [40, "/a", 9],
      ...days.flatMap((day) => [...on(day, "/a", a, 1), ...on(day, "/b", b, 100)]),
      ...days.flatMap((day) => [...on(day + 7, "/a", 10, 1), ...on(day + 7, "/b", 10, 100)]),
    ]);
    const { page } = await open(`${url}/?site=${site}&period=7d&why=visits`);
    await page.locator(".why-rows tbody tr").first().waitFor();
    assert.match(await page.innerText(".why-verdict"), /More than chance/);
    assert.equal(await page.locator(".why-all-even").count(), site === "alike.example" ? 1 : 0);
    await page.close();
  }
});
