import assert from "node:assert/strict";
import { makeFormat } from "../../../../dashboard/lib/format/format.js";

const english = makeFormat("en-US");
const german = makeFormat("de-DE");

Deno.test("count() and compact() write numbers as the language does", () => {
  assert.equal(english.count(1234567), "1,234,567");
  assert.equal(german.count(1234567), "1.234.567");
  assert.equal(english.compact(99999), "99,999");
  assert.equal(english.compact(123456), "123K");
});

Deno.test("percent() shows a digit more below ten percent", () => {
  assert.equal(english.percent(0.4231), "42%");
  assert.equal(english.percent(0.0423), "4.2%");
  assert.equal(english.percent(0.0994), "9.9%");
  assert.equal(english.percent(-0.0996), "-10%");
  assert.equal(english.percent(0), "0%");
  assert.equal(english.percent(0.0005), "0.1%");
  assert.equal(english.percent(0.0004), "<0.1%");
  assert.equal(english.percent(1), "100%");
});

Deno.test("duration() shows the two largest units", () => {
  assert.equal(english.duration(0), "0s");
  assert.equal(english.duration(59.4), "59s");
  assert.equal(english.duration(95), "1m 35s");
  assert.equal(english.duration(3725), "1h 2m");
});

Deno.test("bucket() reads labels as they are, in no time zone", () => {
  assert.equal(english.bucket("2024-01-15"), "Jan 15");
  assert.match(english.bucket("2024-01-15 19:00"), /^7:00\sPM$/);
  assert.match(english.bucketLong("2024-01-15 23:00"), /Mon.*Jan 15.*11:00/);
  assert.match(english.bucketLong("2024-01-15"), /Mon.*Jan 15.*2024/);
});

Deno.test("country() names codes, and leaves what is none", () => {
  assert.equal(english.country("DE"), "Germany");
  assert.equal(german.country("DE"), "Deutschland");
  assert.equal(english.country("(unknown)"), "(unknown)");
  assert.equal(english.country("XX"), "XX");
});

Deno.test("monthShort() names a month, and in January the year", () => {
  assert.equal(english.monthShort("2024-02-01"), "Feb");
  assert.equal(english.monthShort("2024-01-01"), "2024");
});

Deno.test("points() gives the number by which the plural is chosen, and its text", () => {
  const { points } = makeFormat("de");
  assert.deepEqual(points(-0.01), { n: 1, size: "1" });
  assert.deepEqual(points(0.0264), { n: 2.6, size: "2,6" });
});

Deno.test("wholeMoney() leaves out hundredths of large amounts", () => {
  const { wholeMoney } = makeFormat("en");
  const euro = (value: number) => ({ currency: "EUR", value });
  assert.equal(wholeMoney([euro(999.5), euro(1234.5)]), "€999.50 · €1,235");
  assert.equal(wholeMoney([]), "–");
});

Deno.test("makeFormat() makes no format of Intl before it is used", () => {
  const kinds = ["NumberFormat", "DateTimeFormat", "DisplayNames"] as const;
  const real = kinds.map((kind) => Intl[kind]);
  const made: string[] = [];
  try {
    kinds.forEach((kind, at) => {
      const counted = new Proxy(real[at] as object, {
        construct: (target, given) => {
          made.push(kind);
          return Reflect.construct(target as new () => object, given);
        },
      });
      Reflect.set(Intl, kind, counted);
    });
    const format = makeFormat("fr");
    assert.deepEqual(made, []);
    assert.equal(format.country("DE"), "Allemagne");
    assert.equal(format.country("FR"), "France");
    assert.deepEqual(made, ["DisplayNames"]);
  } finally {
    kinds.forEach((kind, at) => Reflect.set(Intl, kind, real[at]));
  }
});

Deno.test("makeFormat() writes amounts with the digits of their currency", () => {
  const format = makeFormat("en-US");
  const one = (currency: string) => [{ currency, value: 123.4567 }];
  assert.equal(format.exact("money", one("EUR")), "€123.46");
  assert.equal(format.exact("money", one("JPY")), "¥123");
  assert.equal(format.wholeMoney(one("KWD")).replace(/\s/, " "), "KWD 123.457");
  assert.equal(format.wholeMoney([{ currency: "EUR", value: 1234.5 }]), "€1,235");
});
