import assert from "node:assert";
import { openApp, type RunningApp } from "../support/running_app.ts";

const CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 " +
  "(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";

async function statusOf(
  app: RunningApp,
  d: string,
  headers: Record<string, string> = {},
): Promise<number> {
  const response = await app.send("/api/event", {
    method: "POST",
    headers: { "user-agent": CHROME, ...headers },
    body: JSON.stringify({ d, n: "pageview", u: "https://page.example/" }),
  });
  return response.status;
}

Deno.test("Pipeline takes sites that the owner declares beside those of site_ids", async () => {
  const app = await openApp({ MALLARD_SITE_IDS: "listed.example" });
  assert.strictEqual(await statusOf(app, "declared.example"), 403);
  const declared = await app.send("/api/sites", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ site_id: "declared.example" }),
  });
  assert.strictEqual(declared.status, 201);
  assert.strictEqual(await statusOf(app, "declared.example"), 202);
  const from = (origin: string) => statusOf(app, "listed.example", { origin });
  assert.strictEqual(await from("https://declared.example"), 202);
  assert.strictEqual(await from("https://stranger.example"), 403);
  await app.close();
});

Deno.test("Pipeline gives a site its own rate, and a public address its share", async () => {
  const app = await openApp({ MALLARD_RATE_LIMIT: "1", MALLARD_RATE_LIMIT_PER_ADDRESS: "2" });
  const put = await app.send("/api/sites", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ site_id: "busy.example", rate_limit: 0 }),
  });
  assert.strictEqual(put.status, 201);
  const statuses: number[] = [];
  for (let count = 0; count < 3; count++) statuses.push(await statusOf(app, "busy.example"));
  assert.deepStrictEqual(statuses, [202, 202, 202]);
  assert.strictEqual(await statusOf(app, "other.example"), 202);
  assert.strictEqual(await statusOf(app, "other.example"), 429);
  const far = { "x-forwarded-for": "8.8.8.8" };
  const shared: number[] = [];
  for (let count = 0; count < 3; count++) shared.push(await statusOf(app, "busy.example", far));
  assert.deepStrictEqual(shared, [202, 202, 429]);
  await app.close();
});
