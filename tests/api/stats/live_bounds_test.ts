import { ok, strictEqual as equal } from "node:assert";
import { STREAMS_MAX } from "../../../src/core/limits.ts";
import { openApp } from "../../support/server/running_app.ts";

Deno.test("Live opens a bounded number of streams, and another after one has closed", async () => {
  const app = await openApp();
  const open = () => app.send("/api/stats/live?site_id=example.com");
  const streams: Response[] = [];
  for (let count = 0; count < STREAMS_MAX; count++) streams.push(await open());
  ok(streams.every(({ status }) => status === 200));
  const refused = await open();
  equal(refused.status, 503);
  ok(Number(refused.headers.get("retry-after")) > 0);
  await streams[0]?.body?.cancel();
  const next = await open();
  equal(next.status, 200);
  await app.close();
});
