import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { askEarly, askReport, viewPath } from "../../../../dashboard/lib/ask/view.js";

const EARLY = "api/stats/query?site_id=a.example&metrics=visitors";
const askAgain = () => askReport(EARLY, { signal: new AbortController().signal });

/** What a page waits for, and the names of the reports that it has fetched. */
interface Page {
  readonly timers: (() => void)[];
  readonly frames: (() => void)[];
  readonly fetched: string[];
}

const PAGE = ["document", "fetch", "setTimeout", "clearTimeout", "requestAnimationFrame"];

/** Runs something in place of a page, whose fetches are answered in turn. */
async function onPage(
  answers: readonly Response[],
  work: (page: Page) => Promise<void>,
): Promise<void> {
  const own = Object.fromEntries(PAGE.map((name) => [name, Reflect.get(globalThis, name)]));
  const left = [...answers];
  const [timers, frames, fetched]: [(() => void)[], (() => void)[], string[]] = [[], [], []];
  Object.assign(globalThis, {
    document: { baseURI: "http://page.example/" },
    fetch: (address: string) => {
      fetched.push(new URL(address).pathname.split("/").at(-1) ?? "");
      return Promise.resolve(left.shift() ?? Promise.reject(new TypeError("no answer")));
    },
    setTimeout: (callback: () => void) => timers.push(callback),
    clearTimeout: (id: number) => timers[id - 1] = () => {},
    requestAnimationFrame: (callback: () => void) => frames.push(callback),
  });
  try {
    await work({ timers, frames, fetched });
  } finally {
    Object.assign(globalThis, own);
  }
  assert.equal(left.length, 0, "not all was asked for");
}

const run = (callbacks: (() => void)[]) => callbacks.splice(0).forEach((callback) => callback());

Deno.test("askReport() takes what was asked for early, once and for a while", async () => {
  const answers = ["early", "later", "early", "after a while"].map((text) => Response.json(text));
  await onPage(answers, async ({ timers, frames }) => {
    askEarly(EARLY);
    assert.equal(await askAgain(), "early");
    const later = askAgain();
    await setImmediate();
    run(frames);
    run(timers);
    assert.equal(await later, "later");
    askEarly(EARLY);
    await setImmediate();
    run(timers);
    assert.equal(await askAgain(), "after a while");
  });
});

Deno.test("askReport() asks for others when what was asked early is drawn, or late", async () => {
  for (const isDrawn of [true, false]) {
    const answers = ["early", "other"].map((text) => Response.json(text));
    await onPage(answers, async ({ timers, frames, fetched }) => {
      askEarly(EARLY);
      const { signal } = new AbortController();
      const other = askReport("api/stats/main?site_id=a.example", { signal });
      assert.equal(await askAgain(), "early");
      await setImmediate();
      assert.deepEqual(fetched, ["query"]);
      if (isDrawn) run(frames);
      run(timers);
      assert.equal(await other, "other");
      assert.deepEqual(fetched, ["query", "main"]);
    });
  }
});

Deno.test("askReport() lets what is asked for last travel with others, or alone soon", async () => {
  for (const isAlone of [false, true]) {
    await onPage([Response.json({})], async ({ timers, fetched }) => {
      const { signal } = new AbortController();
      const ask = (path: string, last: boolean) =>
        void askReport(`api/stats/${path}?site_id=a.example`, { signal, last }).catch(() => {});
      ask("changes", true);
      await setImmediate();
      assert.deepEqual(fetched, []);
      if (!isAlone) ask("main", false);
      else run(timers);
      await setImmediate();
      assert.deepEqual(fetched, [isAlone ? "changes" : "view"]);
    });
  }
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
