import { deepStrictEqual as deepEqual, rejects, strictEqual as equal } from "node:assert";
import { type Asking, Together } from "../../../src/query/lists/together.ts";

/** Lets everything run that waits for nothing else. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

/** What was asked, and how it is asked: `isAlone` where nothing is answered together. */
function asker({ isAlone = false } = {}) {
  const asked: (string | readonly string[])[] = [];
  const signals: AbortSignal[] = [];
  const asking = (
    question: string,
    own: Partial<Asking<string, string>> = {},
  ): Asking<string, string> => ({
    question,
    key: "lists",
    signal: undefined,
    ask: (questions, signal) => {
      asked.push(questions);
      signals.push(signal);
      return Promise.resolve(isAlone ? null : questions.map((one) => `${one}!`));
    },
    alone: async () => {
      asked.push(question);
      await settled();
      return `${question} alone`;
    },
    ...own,
  });
  return { asked, signals, asking };
}

Deno.test("Together asks once for what all parts ask, and again for what follows", async () => {
  const { asked, asking } = asker();
  const [a, b, c] = new Together<string, string>().seats(3);
  const first = a?.ask(asking("a"));
  const second = b?.ask(asking("b"));
  await settled();
  deepEqual(asked, [], "a question of the third may come");
  c?.leave();
  deepEqual(await Promise.all([first, second]), ["a!", "b!"]);
  const again = a?.ask(asking("a2"));
  await settled();
  equal(asked.length, 1);
  deepEqual(await Promise.all([again, b?.ask(asking("b2"))]), ["a2!", "b2!"]);
  deepEqual(asked, [["a", "b"], ["a2", "b2"]]);
});

Deno.test("Together keeps apart what has another key, and what has none", async () => {
  const { asked, asking } = asker();
  const [a, b, c, d] = new Together<string, string>().seats(4);
  const answers = await Promise.all([
    a?.ask(asking("a")),
    b?.ask(asking("b", { key: null })),
    c?.ask(asking("c", { key: "others" })),
    d?.ask(asking("d")),
  ]);
  deepEqual(answers, ["a!", "b alone", "c alone", "d!"]);
  deepEqual(asked, [["a", "d"], "b", "c"]);
});

Deno.test("Together asks two at once where nothing is answered together", async () => {
  const { asked, asking } = asker({ isAlone: true });
  const names = ["a", "b", "c", "d", "e"];
  const seats = new Together<string, string>().seats(names.length);
  let [running, most] = [0, 0];
  const alone = (name: string) => async () => {
    most = Math.max(most, ++running);
    await settled();
    running--;
    return name;
  };
  const all = seats.map((seat, at) => {
    const name = names[at] ?? "";
    return seat.ask(asking(name, { alone: alone(name) }));
  });
  deepEqual(await Promise.all(all), names);
  deepEqual([asked, most], [[names], 2]);
  // The next question of a part is not kept for those of the others.
  equal(await seats[0]?.ask(asking("a2")), "a2 alone");
});

Deno.test("Together stops when nobody waits any more, not before", async () => {
  const { signals, asking } = asker();
  const [a, b] = new Together<string, string>().seats(2);
  const [one, other] = [new AbortController(), new AbortController()];
  const never = { ask: asking("").ask };
  const held = (signal: AbortSignal): Partial<Asking<string, string>> => ({
    signal,
    ask: (questions, stopped) => {
      void never.ask(questions, stopped);
      return new Promise((_, reject) => {
        stopped.addEventListener("abort", () => reject(stopped.reason));
      });
    },
  });
  const first = a?.ask(asking("a", held(one.signal))) ?? Promise.resolve("");
  const second = b?.ask(asking("b", held(other.signal))) ?? Promise.resolve("");
  one.abort(new Error("the first left"));
  await rejects(first, /the first left/);
  equal(signals[0]?.aborted, false);
  other.abort(new Error("the second left"));
  await rejects(second, /the second left/);
  equal(signals[0]?.aborted, true);
});

Deno.test("Together fails all that were asked together, and forgets who left before", async () => {
  const { asked, asking } = asker();
  const [a, b, c] = new Together<string, string>().seats(3);
  const left = new AbortController();
  const gone = a?.ask(asking("a", { signal: left.signal })) ?? Promise.resolve("");
  left.abort(new Error("left"));
  await rejects(gone, /left/);
  a?.leave();
  const failing = { ask: () => Promise.reject(new Error("no")) };
  const all = [b, c].map((seat) => seat?.ask(asking("b", failing)) ?? Promise.resolve(""));
  for (const one of all) await rejects(one, /no/);
  deepEqual(asked, []);
});
