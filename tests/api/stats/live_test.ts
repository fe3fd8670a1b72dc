import assert from "node:assert/strict";
import { Live, liveRoutes } from "../../../src/api/stats/live.ts";
import type { Access } from "../../../src/core/access.ts";
import {
  CHANNELS_PER_ADDRESS_MAX,
  STREAM_LAG_MAX,
  STREAMS_PER_ADDRESS_MAX,
} from "../../../src/core/limits.ts";
import { pageview } from "../../support/events.ts";
import { type Questions, withQuestions } from "../../support/numbers/questions.ts";
import { EVERYONE } from "../../support/server/routes.ts";

/** A reader of a public site. */
const STRANGER: Access = { who: "nobody", rights: new Set(["read"]), sites: ["example.com"] };
const NOW = "2024-03-10T15:00:00Z";

/** Opens streams of example.com and reads their messages. */
function opener({ runner, test, clock }: Questions) {
  const pending = new Set<Promise<unknown>>();
  let most = 0;
  let ended = 0;
  const answer: Questions["runner"]["answer"] = (...args) => {
    const answered = runner.answer(...args);
    pending.add(answered);
    most = Math.max(most, pending.size);
    return answered.finally(() => pending.delete(answered));
  };
  const live = new Live(
    { answer, incompleteDates: () => [], behindSince: () => null },
    test.reader,
    clock,
    () => {},
  );
  const route = liveRoutes(live)[0];
  const open = async (query = "", address?: string) => {
    const url = new URL(`http://localhost/api/stats/live?site_id=example.com${query}`);
    const access = address === undefined ? EVERYONE : STRANGER;
    const response = await route?.handle({
      url,
      request: new Request(url),
      params: {},
      access,
      address: address ?? "127.0.0.1",
      guardedAddress: address ?? "127.0.0.1",
      peer: "127.0.0.1",
      requestId: "test",
      log: () => {},
      signal: new AbortController().signal,
      onStream: (until) => void until?.then(() => ended++),
    });
    if (!response?.body) throw new Error("no stream");
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const next = async () => (await reader.read()).value;
    return { response, reader, next };
  };
  /** When every answer that was asked for has been given and sent; whether no other was since. */
  const settled = async () => {
    await Promise.allSettled(pending);
    await new Promise((resolve) => setTimeout(resolve));
    return pending.size === 0;
  };
  return { live, open, settled, mostAtOnce: () => most, ended: () => ended };
}

const dataOf = (message: string | undefined) =>
  JSON.parse(/^data: (.*)$/m.exec(message ?? "")?.[1] ?? "null");

Deno.test("Live sends the numbers at once and again when an event has arrived", async () => {
  const events = [pageview({ at: "2024-03-10T14:58", visitor: "a" })];
  await withQuestions({ events, now: NOW }, async (questions) => {
    const { live, open } = opener(questions);
    const { response, next } = await open();
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    assert.equal(dataOf(await next()).visitors_5, 1);
    await questions.test.journal.append([
      pageview({ at: "2024-03-10T14:59", visitor: "b", page: "/new" }),
    ]);
    questions.clock.advance(1000);
    const second = dataOf(await next());
    assert.equal(second.visitors_5, 2);
    assert.equal(second.pages.length, 2);
    live.close();
    assert.equal(await next(), undefined);
    assert.equal(live.count, 0);
  });
});

Deno.test("Live computes one answer for all streams with the same parameters", async () => {
  const events = [pageview({ at: "2024-03-10T14:58", visitor: "a" })];
  await withQuestions({ events, now: NOW }, async (questions) => {
    const { live, open } = opener(questions);
    const streams = await Promise.all(Array.from({ length: 100 }, () => open()));
    for (const stream of streams) await stream.next();
    assert.equal(live.count, 100);
    const before = questions.runner.counts().misses;
    await questions.test.journal.append([pageview({ at: "2024-03-10T14:59", visitor: "b" })]);
    questions.clock.advance(1000);
    const counts = await Promise.all(streams.map((stream) => stream.next()));
    assert.ok(counts.every((message) => dataOf(message).visitors_5 === 2));
    assert.equal(questions.runner.counts().misses - before, 1);
    for (const { reader } of streams) await reader.cancel();
    assert.equal(live.count, 0);
  });
});

Deno.test("Live sends only a comment while nothing changes", async () => {
  await withQuestions({ events: [], now: NOW }, async (questions) => {
    const { live, open, settled } = opener(questions);
    const { next } = await open();
    await next();
    for (let second = 0; second < 25; second++) {
      questions.clock.advance(1000);
      if (second === 15) await settled();
    }
    let message = await next();
    // The minute may have turned: then the list of minutes has.
    while (message?.startsWith("event:")) message = await next();
    assert.equal(message, ":\n\n");
    live.close();
  });
});

Deno.test("Live asks for an owner again after four times as long as it took", async () => {
  await withQuestions({ events: [], now: NOW }, async (questions) => {
    let asked = 0;
    const slow: Questions["runner"]["answer"] = async (...args) => {
      asked++;
      const answer = await questions.runner.answer(...args);
      questions.clock.advance(500);
      return answer;
    };
    const runner = Object.assign(Object.create(questions.runner), { answer: slow });
    const { live, open, settled } = opener({ ...questions, runner });
    await open();
    asked = 0;
    const seconds: number[] = [];
    for (let second = 1; second <= 8; second++) {
      await questions.test.journal.append([
        pageview({ at: "2024-03-10T14:59", visitor: `v${second}` }),
      ]);
      const before = asked;
      questions.clock.advance(1000);
      await settled();
      if (asked > before) seconds.push(second);
    }
    const pauses = seconds.slice(1).map((second, index) => second - (seconds[index] ?? 0));
    assert.equal(pauses.length, 2);
    assert.ok(pauses.every((seconds) => seconds > 2), "half a second, and two after it");
    live.close();
  });
});

Deno.test("Live goes on for an owner when the clock is set back", async () => {
  await withQuestions({ events: [], now: NOW }, async (questions) => {
    const { live, open, settled } = opener(questions);
    const { next } = await open();
    assert.equal(dataOf(await next()).visitors_30, 0);
    for (const [turn, visitor] of ["a", "b"].entries()) {
      await questions.test.journal.append([pageview({ at: "2024-03-10T14:49", visitor })]);
      questions.clock.advance(1000);
      assert.equal(dataOf(await next()).visitors_30, turn + 1);
      await settled();
      questions.clock.jump(-600_000);
    }
    live.close();
  });
});

Deno.test("Live closes a stream whose client does not keep up", async () => {
  await withQuestions({ events: [], now: NOW }, async (questions) => {
    const { live, open, settled, ended } = opener(questions);
    await open();
    assert.equal(ended(), 0);
    for (let count = 0; count <= STREAM_LAG_MAX + 8 && live.count > 0; count++) {
      await questions.test.journal.append([
        pageview({ at: "2024-03-10T14:59", visitor: `v${count}` }),
      ]);
      for (let second = 0; second < 3; second++) {
        questions.clock.advance(1000);
        await settled();
      }
    }
    assert.equal(live.count, 0);
    assert.equal(ended(), 1, "from here on the client has as long as any");
  });
});

Deno.test("liveRoutes() refuses what the realtime report refuses", async () => {
  await withQuestions({ events: [], now: NOW }, async (questions) => {
    const { open } = opener(questions);
    await assert.rejects(open("&filters=nonsense"), { status: 400 });
  });
});

Deno.test("Live limits the streams of strangers, not those of the owner", async () => {
  await withQuestions({ events: [], now: NOW }, async (questions) => {
    const { live, open, settled } = opener(questions);
    const before = questions.runner.counts().misses;
    const same = [];
    for (let count = 0; count < STREAMS_PER_ADDRESS_MAX; count++) {
      same.push(await open(`&x=${count}`, "192.0.2.1"));
    }
    assert.equal(questions.runner.counts().misses - before <= STREAMS_PER_ADDRESS_MAX, true);
    await assert.rejects(open("", "192.0.2.1"), { status: 503 });
    const last = same.pop();
    await last?.next();
    await last?.reader.cancel();
    await open("", "192.0.2.1");
    // Another address has few questions, and the site has not many more.
    let opened = 0;
    for (let address = 2; address < 12; address++) {
      for (let page = 0; page <= CHANNELS_PER_ADDRESS_MAX; page++) {
        const stream = open(`&filters=is(page,/${address}-${page})`, `192.0.2.${address}`);
        await stream.then(() => opened++, (error) => assert.equal(error.status, 503));
      }
    }
    assert.equal(opened, 15);
    const owner = await open("&filters=is(page,/owner)");
    const reading = (async () => {
      while (await owner.next() !== undefined) { /* keeps up */ }
    })();
    // After ten minutes strangers reconnect; the owner's stream continues.
    for (let minute = 0; minute < 11; minute++) {
      questions.clock.advance(60_000);
      await settled();
    }
    assert.equal(live.count, 1);
    live.close();
    await reading;
  });
});

Deno.test("Live computes the streams of strangers one at a time", async () => {
  await withQuestions({ events: [], now: NOW }, async (questions) => {
    const { live, open, settled, mostAtOnce } = opener(questions);
    const streams = [];
    for (let page = 0; page < 12; page++) {
      streams.push(await open(`&filters=is(page,/${page})`, `192.0.2.${page % 6}`));
    }
    for (const { next } of streams) await next();
    const opening = mostAtOnce();
    await questions.test.journal.append([pageview({ at: "2024-03-10T14:59", visitor: "b" })]);
    questions.clock.advance(1000);
    while (!await settled()) { /* the next of them has begun */ }
    assert.equal(opening, 1);
    assert.equal(mostAtOnce(), 1);
    live.close();
  });
});
