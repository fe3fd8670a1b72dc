import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { statsRoutes } from "../../../src/api/stats/stats.ts";
import { viewRoutes } from "../../../src/api/stats/view.ts";
import { VIEW_PARTS_MAX } from "../../../src/core/limits.ts";
import { customEvent, pageview } from "../../support/events.ts";
import { type Questions, withQuestions } from "../../support/numbers/questions.ts";
import { callRoute, EVERYONE } from "../../support/server/routes.ts";

const EVENTS = [
  pageview({ at: "2024-03-09T10:00", visitor: "o", page: "/", country_code: "FR" }),
  pageview({ at: "2024-03-10T10:00", visitor: "a", page: "/", referrer: "https://x.example/p" }),
  pageview({ at: "2024-03-10T10:10", visitor: "a", page: "/x" }),
  customEvent({ at: "2024-03-10T10:11", visitor: "a", page: "/x" }),
  pageview({ at: "2024-03-10T12:00", visitor: "b", page: "/", browser: "Firefox" }),
];
type Part = [name: string, params: Record<string, string>];
const PARTS: readonly Part[] = [
  ["main", { compare: "previous_period" }],
  ["query", { metrics: "visitors", dimensions: "time", compare: "previous_period" }],
  ["query", { metrics: "visitors,pageviews", dimensions: "page", limit: "2" }],
  ["query", { dimensions: "referrer" }],
  ["query", { dimensions: "name", filters: "is_not(name,pageview)" }],
  ["breakdown/browsers", {}],
  ["visits", {}],
  ["funnel", { steps: "page:/,page:/x" }],
  ["query", { metrics: "nothing" }],
  ["breakdown/nothing", {}],
];
const UNKNOWN: Part = ["toString", {}];
const COMMON = "?site_id=example.com&period=day&filters=is_not(page,/never)";
const STRANGER = {
  who: "nobody" as const,
  rights: new Set(["public" as const, "read" as const]),
  sites: null,
};

const viewOf = (parts: unknown) => `/api/stats/view${COMMON}&parts=${encodedJson(parts)}`;
const encodedJson = (value: unknown) => encodeURIComponent(JSON.stringify(value));

interface Line {
  readonly part: number;
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: unknown;
}

function linesOf(text: string): Line[] {
  return text.trimEnd().split("\n").map((line): Line => JSON.parse(line));
}

/** The view's lines by part, and what the routes of the parts say. */
async function both({ runner, clock }: Questions, access: typeof EVERYONE) {
  const view = await callRoute(viewRoutes(runner, clock), viewOf([...PARTS, UNKNOWN]), { access });
  assert.equal(view.status, 200);
  assert.equal(view.headers.get("content-type"), "application/x-ndjson");
  const lines = linesOf(view.text);
  assert.equal(lines[0]?.part, 0, "what is read first comes first");
  const alone = await Promise.all(PARTS.map(([name, own]) => {
    const params = new URLSearchParams(COMMON);
    for (const [key, value] of Object.entries(own)) params.set(key, value);
    return callRoute(statsRoutes(runner), `/api/stats/${name}?${params}`, { access });
  }));
  return { lines: lines.sort((a, b) => a.part - b.part), alone };
}

Deno.test("viewRoutes() says of each part what its own route says, for every caller", async () => {
  await withQuestions({ events: EVENTS, options: { cacheTtlMs: 0 } }, async (questions) => {
    for (const access of [EVERYONE, STRANGER]) {
      const { lines, alone } = await both(questions, access);
      const found = lines.slice(0, -1);
      assert.deepEqual(found.map(({ body }) => body), alone.map(({ json }) => json));
      assert.deepEqual(
        found.map(({ status }) => status),
        alone.map(({ status }) => status),
      );
      assert.equal(lines.at(-1)?.status, 404);
      for (const [index, { headers }] of found.entries()) {
        for (const [name, value] of Object.entries(headers)) {
          assert.equal(alone[index]?.headers.get(name), value);
        }
      }
      assert.equal(found[0]?.headers["x-comparison-range"] !== undefined, true);
    }
  });
});

Deno.test("viewRoutes() refuses what it cannot read before it answers", async () => {
  await withQuestions({ events: EVENTS }, async ({ runner, clock }) => {
    const call = (path: string, access = EVERYONE) =>
      callRoute(viewRoutes(runner, clock), path, { access });
    const many = Array.from({ length: VIEW_PARTS_MAX + 1 }, () => ["main", {}]);
    const others = [[["main", { site_id: "other.example" }]], [["main", { limit: 3 }]]];
    for (const parts of [[], {}, many, ["main"], [["main"]], [["main", []]], ...others]) {
      const { status, json } = await call(viewOf(parts));
      assert.deepEqual([status, /Cannot read parts/.test(json.error)], [400, true]);
    }
    assert.equal((await call(`/api/stats/view${COMMON}`)).status, 400);
    assert.equal((await call(`/api/stats/view?parts=${encodedJson(PARTS)}`)).status, 400);
    const elsewhere = { ...EVERYONE, who: "key" as const, sites: ["other.example"] };
    assert.equal((await call(viewOf(PARTS), elsewhere)).status, 403);
    const file = linesOf((await call(viewOf([["export", {}]]))).text);
    assert.equal(file[0]?.status, 400);
  });
});

Deno.test("viewRoutes() answers strangers no more than some reports of full size", async () => {
  const events = Array.from(
    { length: 300 },
    (_, n) => pageview({ at: "2024-03-10T10:00", visitor: "a", page: `/${n}${"x".repeat(2000)}` }),
  );
  await withQuestions({ events }, async ({ runner, clock }) => {
    const part = ["query", { dimensions: "page", limit: "1000" }];
    const ask = (access: typeof EVERYONE) =>
      callRoute(viewRoutes(runner, clock), viewOf(Array(6).fill(part)), { access });
    const statuses = async (access: typeof EVERYONE) =>
      linesOf((await ask(access)).text).map(({ status }) => status);
    assert.deepEqual(await statuses(EVERYONE), [200, 200, 200, 200, 200, 200]);
    const stranger = { ...STRANGER, sites: ["example.com"] };
    const found = await statuses(stranger);
    assert.deepEqual([found[0], found.at(-1)], [200, 413]);
  });
});

Deno.test("viewRoutes() shares computations with the routes of its parts", async () => {
  await withQuestions({ events: EVENTS }, async ({ runner, clock, get }) => {
    const view = () => callRoute(viewRoutes(runner, clock), viewOf(PARTS.slice(0, 3)));
    const asked = `${COMMON.slice(COMMON.indexOf("&"))}&compare=previous_period`;
    await Promise.all([view(), get("main", asked), view(), get("main", asked)]);
    assert.equal(runner.counts().misses, 3);
  });
});

Deno.test("viewRoutes() sends each part when it is done, and stops for who leaves", async () => {
  await withQuestions({ events: EVENTS }, async ({ runner, clock }) => {
    const names: string[] = [];
    let left: AbortSignal | undefined;
    const slow = Object.assign(Object.create(runner), {
      answerWithMeta: (name: string, ...[report, site, params, asker]: Slow) => {
        names.push(name);
        left = asker?.signal;
        if (name === "main") return runner.answerWithMeta(name, report, site, params, asker);
        return new Promise((_, reject) =>
          asker?.signal?.addEventListener("abort", () => reject(asker.signal?.reason))
        );
      },
    });
    const headers = { "accept-encoding": "gzip" };
    const request = new Request(`http://x${viewOf(PARTS.slice(0, 5))}`, { headers });
    const response = await viewRoutes(slow, clock)[0]?.handle(contextOf(request));
    assert.ok(response?.body);
    assert.equal(response.headers.get("content-encoding"), "gzip");
    const reader = response.body.getReader();
    const parts: Uint8Array[] = [];
    while (!isLine(parts)) parts.push((await reader.read()).value ?? new Uint8Array());
    assert.equal(linesOf(unzipped(parts))[0]?.part, 0);
    await reader.cancel();
    assert.equal(left?.aborted, true);
    assert.equal(names.length, 3, "two at once after the first");
  });
});

type Runner = Questions["runner"];
type Slow = Parameters<Runner["answerWithMeta"]> extends [unknown, ...infer Rest] ? Rest : never;

function contextOf(request: Request) {
  return {
    request,
    url: new URL(request.url),
    params: {},
    peer: "127.0.0.1",
    address: "127.0.0.1",
    guardedAddress: "127.0.0.1",
    requestId: "test",
    log: () => {},
    access: EVERYONE,
    signal: request.signal,
  };
}

function unzipped(parts: readonly Uint8Array[]): string {
  const bytes = new Uint8Array(parts.flatMap((part) => [...part]));
  return new TextDecoder().decode(gunzipSync(bytes, { finishFlush: 2 }));
}

function isLine(parts: readonly Uint8Array[]): boolean {
  return parts.length > 0 && unzipped(parts).endsWith("\n");
}
