import assert from "node:assert/strict";
import { CAMPAIGN_CHARS_MAX, URL_CHARS_MAX } from "../../src/core/limits.ts";
import { maskEvent, withoutEmails, withoutTokens } from "../../src/core/text.ts";
import { pageOf } from "../../src/ingest/enrich/url.ts";
import { pageview } from "../support/events.ts";

Deno.test("withoutEmails() masks addresses in every spelling, and nothing else", () => {
  const table: [text: string, masked: string][] = [
    ["/user/ann@corp.example/edit", "/user/(mail)/edit"],
    ["/user/ann%40corp.example", "/user/(mail)"],
    ["/user/ann%2540corp.example?x=1", "/user/(mail)?x=1"],
    ["?to=ann.b+c@mail.corp.example&cc=bob@x.de", "?to=(mail)&cc=(mail)"],
    ["ann@corp.example,bob@corp.example", "(mail),(mail)"],
    ["mailto:Ann_O'Hara@Corp.Example.", "mailto:(mail)."],
    ["/j%C3%BCrgen@b%C3%BCcher.example/x", "/(mail)/x"],
    ["jürgen@bücher.example", "(mail)"],
    ["a@b.cc", "(mail)"],
    ["/ann%40corp%2Eexample", "/(mail)"],
    ["/ann%2540corp%252eexample/x", "/(mail)/x"],
    ["/j%25C3%25BCrgen%2540b%25C3%25BCcher.example/x", "/(mail)/x"],
    ["/ann\uff20corp.example", "/(mail)"],
    ["/ann%EF%BC%A0corp.example", "/(mail)"],
    ["ann@mail_1.corp.example", "(mail)"],
    ["ann@2x.example", "(mail)"],
    ["ann@xn--bcher-kva.xn--p1ai/x", "(mail)/x"],
    ["/@ann/status/1", "/@ann/status/1"],
    ["/npm/left-pad@1.3.0/index.js", "/npm/left-pad@1.3.0/index.js"],
    ["/img/logo@2x.png", "/img/logo@2x.png"],
    ["@example.com", "@example.com"],
    ["ann@localhost", "ann@localhost"],
    ["/40%40", "/40%40"],
    ["", ""],
  ];
  for (const [text, masked] of table) assert.equal(withoutEmails(text), masked, text);
});

Deno.test("withoutEmails() masks what a cut leaves of an address", () => {
  const address = "ann@mail.corp.example";
  for (const at of ["@", "%40", "%2540", "\uff20"]) {
    const name = `${"x".repeat(CAMPAIGN_CHARS_MAX)}/ann`;
    for (const left of ["", "m", "mail", "mail.", "mail.c"]) {
      assert.equal(withoutEmails(name + at + left), `${name.slice(0, -3)}(mail)`, at + left);
    }
  }
  assert.equal(withoutEmails(`/${"x".repeat(CAMPAIGN_CHARS_MAX)}/@ann`).endsWith("/@ann"), true);
  // As events come in: values of campaigns and paths are cut to their limits.
  for (let cut = 1; cut < address.length; cut++) {
    const filled = (charsMax: number) => "/".repeat(charsMax - cut) + address;
    const page = pageOf(
      `https://example.com${filled(URL_CHARS_MAX)}?utm_term=${filled(CAMPAIGN_CHARS_MAX)}`,
    );
    for (const text of [page.pathname, page.utm_term ?? ""]) {
      assert.doesNotMatch(withoutEmails(text), /@/, `${cut}`);
    }
  }
});

Deno.test("withoutEmails() takes no longer than the text is long", () => {
  for (
    const hostile of [
      "a".repeat(4000) + "@",
      "a@".repeat(2000),
      "%40".repeat(1300),
      "a@b.".repeat(999),
      "a@" + "b%2e".repeat(999),
      "a@".repeat(2000) + "b.".repeat(127),
    ]
  ) {
    assert.equal(typeof withoutEmails(hostile), "string");
  }
});

Deno.test("withoutTokens() masks tokens and ids, and no words", () => {
  const table: [text: string, masked: string][] = [
    ["/reset/9f86d081884c7d659a2feaa0c55ad015", "/reset/(token)"],
    ["/o/123e4567-e89b-12d3-a456-426614174000/x", "/o/(token)/x"],
    ["?sid=AbCdEf0123456789_-xyzXYZ&p=2", "?sid=(token)&p=2"],
    ["/customers/1234567890", "/customers/(token)"],
    ["/blog/the-10-best-recipes-of-2024-and-more", "/blog/the-10-best-recipes-of-2024-and-more"],
    ["/internationalization-and-localization", "/internationalization-and-localization"],
    ["/2024/01/15/post-12345", "/2024/01/15/post-12345"],
  ];
  for (const [text, masked] of table) assert.equal(withoutTokens(text), masked, text);
});

Deno.test("maskEvent() changes names, paths, referrers, campaigns and props alone", () => {
  const mail = "ann@corp.example";
  const token = "9f86d081884c7d659a2feaa0c55ad015";
  const event = pageview({
    at: "2024-01-15",
    page: `/${mail}`,
    name: mail,
    referrer: `https://x.example/?m=ann%40corp.example&t=${token}`,
    utm_term: mail,
    props: `{"${mail}":"${mail}","n":1.50,"t":"${token}"}`,
  });
  assert.deepEqual(maskEvent(event, { emails: false, tokens: false }), event);
  assert.deepEqual(maskEvent(event, { emails: true, tokens: false }), {
    ...event,
    event_name: "(mail)",
    pathname: "/(mail)",
    referrer: `https://x.example/?m=(mail)&t=${token}`,
    utm_term: "(mail)",
    props: `{"(mail)":"(mail)","n":1.50,"t":"${token}"}`,
  });
  assert.equal(
    maskEvent(event, { emails: true, tokens: true }).props,
    `{"(mail)":"(mail)","n":1.50,"t":"(token)"}`,
  );
});
