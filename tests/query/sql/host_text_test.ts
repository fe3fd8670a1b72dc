import assert from "node:assert/strict";
import { asciiHost, shownHost } from "../../../dashboard/grammar/host_name.js";
import { raw, sql } from "../../../src/core/sql.ts";
import { shownHostSql } from "../../../src/query/sql/host_text.ts";
import { openTestReader, pageview } from "../../support/events.ts";
import { Draw } from "../../support/numbers/random_questions.ts";
import { withQuestions } from "../../support/numbers/questions.ts";

const ALPHABETS = [
  "abcdeäöüßñéøå",
  "абвгдежзик",
  "αβγδεζηθ",
  "あいうえおかき",
  "中国日本语",
  "हिन्दी",
];
const BASIC = "abcxyz0189-";

function word(draw: Draw, alphabet: string, lengthMax: number): string {
  const letters = [...alphabet];
  return Array.from({ length: 1 + draw.below(lengthMax) }, () => draw.one(letters)).join("");
}

Deno.test("shownHostSql() decodes names as the dashboard does, and fails on none", async () => {
  const draw = new Draw(5);
  const names = Array.from({ length: 150 }, () => {
    const alphabet = draw.one(ALPHABETS);
    return `${word(draw, alphabet, 14)}.${word(draw, alphabet, 3)}`;
  }).map((name) => asciiHost(name)).filter((name) => name !== null);
  const hostile = Array.from({ length: 300 }, () => `xn--${word(draw, BASIC, 59)}.example`);
  const test = await openTestReader([]);
  try {
    const rows = await test.db.query(sql`
      select host, ${shownHostSql(raw("host"))} as shown
      from (select unnest(${[...names, ...hostile]}) as host)`);
    assert.equal(rows.length, names.length + hostile.length);
    const shown = new Map(rows.map((row) => [row["host"], row["shown"]]));
    let plain = 0;
    for (const name of names) {
      const expected = shownHost(name);
      // What could mislead stays in punycode on the dashboard; it is found all the same.
      if (expected.includes("xn--")) continue;
      plain++;
      assert.equal(shown.get(name), expected, name);
    }
    assert.ok(plain > 60, `${plain} of ${names.length}`);
  } finally {
    await test.close();
  }
});

Deno.test("a part of an internationalised name finds it in searches for values", async () => {
  const hosts = ["xn--mller-kva.example", "xn--bcher-kva.example", "plain.example"];
  const events = hosts.map((hostname, index) =>
    pageview({ at: `2024-03-10T10:0${index}:00Z`, visitor: `v${index}`, hostname })
  );
  await withQuestions({ events }, async ({ get }) => {
    const found = async (text: string) =>
      (await get("values", `&period=day&dimension=hostname&text=${encodeURIComponent(text)}`)).json
        .map(({ value }: { value: string }) => value);
    assert.deepEqual(await found("mül"), ["xn--mller-kva.example"]);
    assert.deepEqual(await found("ÜLLER.ex"), ["xn--mller-kva.example"]);
    assert.deepEqual(await found("u\u0308cher"), ["xn--bcher-kva.example"]);
    assert.deepEqual(await found("ler-kva"), ["xn--mller-kva.example"]);
    assert.deepEqual(await found("é"), []);
  });
});
