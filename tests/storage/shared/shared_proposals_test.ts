// New sites that wait on servers of a lake, over a real PostgreSQL.
import assert from "node:assert/strict";
import { startPostgres, stopPostgres } from "../../../scripts/lake/parts.ts";
import { AppError } from "../../../src/core/errors.ts";
import { realSystem } from "../../../src/runtime/system.ts";
import {
  forgetWaiting,
  SharedProposals,
  waitingElsewhere,
} from "../../../src/storage/shared/shared_proposals.ts";
import type { ProposedSite } from "../../../src/storage/state/ops/proposed_ops.ts";
import { lakeTest, optionsOf, partsOfFile } from "../../support/lake/lake.ts";
import { type OpenShared, openShared } from "../../support/lake/shared.ts";
import { until } from "../../support/wait.ts";

const partsNow = partsOfFile();
const { clock } = realSystem({ format: "text", levelMin: "error" });

function waiting(site_id: string, events: number): ProposedSite {
  return { site_id, events, bytes: 10 * events, first_at: 1000 - events, last_at: 1000 + events };
}

/** Lets `work` use what two servers of a lake share. */
function twoOf(
  name: string,
  work: (
    a: SharedProposals,
    b: SharedProposals,
    env: Readonly<Record<string, string>>,
  ) => Promise<void>,
): void {
  lakeTest(name, partsNow, async (env, folder) => {
    const open: OpenShared[] = [];
    try {
      open.push(await openShared(env, folder, "a"));
      open.push(await openShared(env, folder, "b"));
      const [a, b] = open.map(({ shared }) => new SharedProposals(shared));
      assert.ok(a && b);
      await work(a, b, env);
    } finally {
      for (const server of open) await server.close();
    }
  });
}

twoOf("each server knows what waits on the others, as it is now", async (a, b, env) => {
  assert.deepEqual(await a.share([waiting("one", 3), waiting("two", 1)]), []);
  assert.deepEqual(await a.ofOthers(), []);
  assert.deepEqual(await b.ofOthers(), [waiting("one", 3), waiting("two", 1)]);
  await b.share([waiting("one", 5)]);
  assert.deepEqual(await a.ofOthers(), [waiting("one", 5)]);
  await a.share([waiting("one", 4)]);
  assert.deepEqual(await b.ofOthers(), [waiting("one", 4)]);
  assert.deepEqual(await waitingElsewhere(optionsOf(env), "c", clock), [{
    ...{ site_id: "one", events: 9, bytes: 90 },
    ...{ first_at: 995, last_at: 1005 },
  }]);
  await forgetWaiting(optionsOf(env), "b", clock);
  assert.deepEqual(await a.ofOthers(), []);
});

twoOf("what is deleted elsewhere is told once, and may come again", async (a, b) => {
  await b.share([waiting("Gone", 2), waiting("left", 1)]);
  await a.share([waiting("gone", 7)]);
  await a.drop("gone");
  assert.deepEqual(await a.ofOthers(), [waiting("left", 1)]);
  assert.deepEqual(await b.ofOthers(), [waiting("gone", 7)], "its own is its own work");
  // It has not deleted them yet: it hears of it until it has.
  for (const events of [2, 3]) {
    assert.deepEqual(await b.share([waiting("Gone", events), waiting("left", 1)]), ["Gone"]);
  }
  await b.dropped(["Gone"]);
  assert.deepEqual(await b.share([waiting("Gone", 1), waiting("left", 1)]), []);
  assert.deepEqual(await a.ofOthers(), [waiting("Gone", 1), waiting("left", 1)]);
  // What is gone when it hears of it needs no deletion.
  await a.drop("left");
  assert.deepEqual(await b.share([waiting("Gone", 1)]), []);
  assert.deepEqual(await b.share([waiting("left", 8)]), []);
  assert.deepEqual(await a.ofOthers(), [waiting("left", 8)]);
});

twoOf("without PostgreSQL nobody says that nothing waits", async (a, b) => {
  await b.share([waiting("one", 1)]);
  await stopPostgres(partsNow(), "immediate");
  try {
    const isUnavailable = (error: unknown) =>
      error instanceof AppError && error.code === "unavailable" &&
      /^Cannot .* other servers now: the lake's PostgreSQL is out of reach$/.test(error.message);
    await assert.rejects(a.ofOthers(), isUnavailable);
    await assert.rejects(a.drop("one"), isUnavailable);
  } finally {
    await startPostgres(partsNow());
  }
  await until(() => a.isReached, "PostgreSQL");
  assert.deepEqual(await a.ofOthers(), [waiting("one", 1)]);
});
