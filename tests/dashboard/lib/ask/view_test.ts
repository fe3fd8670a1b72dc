import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { askEarly, askReport, viewPath } from "../../../../dashboard/lib/ask/view.js";

const EARLY = "api/stats/query?site_id=a.example&metrics=visitors";
const askAgain = () => askReport(EARLY, { signal: new AbortController().signal });

/** Runs something in place of a page, whose fetches are answered in turn; gives its timers. */
async function onPage(
  answers: readonly Response[],
  work: (timers: (() => void)[]) => Promise<void>,
): Promise<void> {
  const own = Object.fromEntries(
    ["document", "fetch", "setTimeout"].map((name) => [name, Reflect.get(globalThis, name)]),
  );
  const left = [...answers];
  const timers: (() => void)[] = [];
  const fetch = () => Promise.resolve(left.shift() ?? Promise.reject(new TypeError("no answer")));
  const setTimeout = (callback: () => void) => timers.push(callback);
  const document = { baseURI: "http://page.example/" };
  Object.assign(globalThis, { document, fetch, setTimeout });
  try {
    await work(timers);
  } finally {
    Object.assign(globalThis, own);
  }
  assert.equal(left.length, 0, "not all was asked for");
}

Deno.test("askReport() takes what was asked for early, once and for a while", async () => {
  const answers = ["early", "later", "early", "after a while"].map((text) => Response.json(text));
  await onPage(answers, async (timers) => {
    askEarly(EARLY);
    assert.equal(await askAgain(), "early");
    assert.equal(await askAgain(), "later");
    timers.splice(0).forEach((expire) => expire());
    askEarly(EARLY);
    await setImmediate();
    assert.equal(timers.length, 1);
    timers.splice(0).forEach((expire) => expire());
    assert.equal(await askAgain(), "after a while");
  });
});

Deno.test("askReport() asks again for what was refused early, as before a login", async () => {
  const refused = Response.json({ error: "Cannot: log in" }, { status: 401 });
  await onPage([refused, Response.json("numbers")], async () => {
    const told = new Promise((resolve) =>
      addEventListener("unauthorized", resolve, { once: true })
    );
    askEarly(EARLY);
    await told;
    await setImmediate();
    assert.equal(await askAgain(), "numbers");
  });
});

Deno.test("viewPath() gives what all reports share once, and each the rest", () => {
  const path = viewPath([
    "api/stats/main?site_id=a.example&period=30d&compare=previous_period",
    "api/stats/query?site_id=a.example&period=30d&dimensions=time&filters=is(page,/a%26)",
    "api/stats/breakdown/pages?site_id=a.example&period=7d",
  ]);
  const [address, query] = path.split("?");
  assert.equal(address, "api/stats/view");
  const params = new URLSearchParams(query);
  assert.deepEqual(JSON.parse(params.get("parts") ?? ""), [
    ["main", { period: "30d", compare: "previous_period" }],
    ["query", { period: "30d", dimensions: "time", filters: "is(page,/a&)" }],
    ["breakdown/pages", { period: "7d" }],
  ]);
  params.delete("parts");
  assert.equal(params.toString(), "site_id=a.example");
});
