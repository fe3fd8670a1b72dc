import { ok, strictEqual as equal } from "node:assert";
import { domainToASCII, domainToUnicode } from "node:url";
import { asciiHost, asciiLabels, shownHost } from "../../../dashboard/grammar/host_name.js";

const NAMES = [
  "müller.example",
  "bücher.münchen.example",
  "café.example",
  "żółć.example",
  "việtnam.example",
  "пример.испытание",
  "новости.example",
  "παράδειγμα.example",
  "例え.example",
  "トヨタ.example",
  "日本語tokyo.example",
  "한국어.example",
  "食狮.公司",
  "مثال.example",
  "דוגמה.example",
  "उदाहरण.example",
  "ไทย.example",
];

Deno.test("asciiHost() and shownHost() turn names into each other", () => {
  for (const name of NAMES) {
    const ascii = asciiHost(name);
    ok(ascii !== null && /^[a-z0-9.-]+$/.test(ascii), name);
    equal(ascii, domainToASCII(name), name);
    equal(domainToUnicode(ascii), name, name);
    equal(shownHost(ascii), name, name);
    equal(shownHost(ascii.toUpperCase()).toLowerCase(), name, name);
    equal(shownHost(`https://${ascii}:8080/a?b=xn--c#d`), `https://${name}:8080/a?b=xn--c#d`);
  }
});

Deno.test("asciiHost() folds case and width, and is null for what is no host", () => {
  equal(asciiHost("MÜLLER.Example"), "xn--mller-kva.example");
  equal(asciiHost("ｅｘａｍｐｌｅ．com"), "example.com");
  equal(asciiHost("例え。example"), asciiHost("例え.example"));
  equal(asciiHost("Plain.Example"), "Plain.Example");
  for (
    const text of ["ü b.example", "ü/b", "ü@b.example", "ü:80", "ü%41", "ü..b\u0000", "a\u202eü"]
  ) {
    equal(asciiHost(text), null, JSON.stringify(text));
  }
});

Deno.test("asciiLabels() takes parts of hosts and addresses", () => {
  equal(asciiLabels("müller"), "xn--mller-kva");
  equal(asciiLabels(".müller.ex"), ".xn--mller-kva.ex");
  equal(asciiLabels("https://müller.example/ü?ü#ü"), "https://xn--mller-kva.example/ü?ü#ü");
  equal(asciiLabels("müller.example:8080"), "xn--mller-kva.example:8080");
  equal(asciiLabels("Ünser Brief"), "Ünser Brief");
  equal(asciiLabels("plain"), "plain");
});

Deno.test("shownHost() keeps names that could be taken for others in ASCII", () => {
  const lookAlikes = [
    "аpple.example", // Cyrillic а
    "аррӏе.example", // Cyrillic alone
    "gооgle.example", // Cyrillic о
    "οικο.example", // Greek that looks Latin
    "пауpal.example",
    "latinελ.example",
    "ɡoogle.example", // a letter of phonetics
    "ドメインкир.example",
    "i❤.example",
    "ʼa.example",
  ];
  for (const name of lookAlikes) {
    const ascii = domainToASCII(name);
    ok(ascii.includes("xn--"), name);
    equal(shownHost(ascii), ascii, name);
  }
  equal(shownHost(domainToASCII("аррӏе.испытание")), "аррӏе.испытание", "nothing Latin is near");
  const mixed = domainToASCII("аpple.müller.example");
  equal(shownHost(mixed), mixed.replace("xn--mller-kva", "müller"));
});

Deno.test("shownHost() leaves what is no punycode", () => {
  for (
    const text of [
      "",
      "example.com",
      "Google",
      "xn--",
      "xn--a",
      "xn--\u0000",

      "a.xn--99999999",
      "xn--example-.com",
      "/xn--mller-kva",
      "my-xn--mller-kva.example",
    ]
  ) equal(shownHost(text), text);
});
