import assert from "node:assert/strict";
import {
  faultsOfSettings,
  SETTINGS_BY_DEFAULT,
  settingsOf,
  SITE_SETTINGS,
} from "../../src/sites/settings.ts";

Deno.test("faultsOfSettings() names each key that is unknown or wrong", () => {
  const wrong: readonly [string, unknown][] = [
    ["timezone", "Berlin"],
    ["timezone", 5],
    ["week_start", "tuesday"],
    ["visit_timeout_minutes", 0],
    ["visit_timeout_minutes", 30.5],
    ["rate_limit", -1],
    ["retention_days", "7"],
    ["public", "yes"],
    ["name", ""],
    ["name", "x".repeat(257)],
    ["name", "a\u0000b"],
    ["name", "a\u0085"],
    ["toString", 1],
  ];
  for (const [key, value] of wrong) {
    assert.match(
      faultsOfSettings({ [key]: value }).list[0] ?? "",
      new RegExp(`^${key}: `),
      `${key}`,
    );
  }
  assert.equal(faultsOfSettings({ timezone: "x", public: 1 }).list.length, 2);
});

Deno.test("faultsOfSettings() quotes the entries of a list that are wrong", () => {
  const given = {
    hostnames: ["shop.example", "http://x y", 7, "*.example.com", 'a"b'],
    ignored_addresses: ["10.0.0.1", "999.1.1.1", "10.0.0.0/40"],
    aliases: ["old.example", "a b", "x".repeat(300), "c d", "e f"],
  };
  assert.deepEqual(faultsOfSettings(given).list, [
    'hostnames: it is wrong in "http://x y", "7", "a\'b": no host name',
    'ignored_addresses: it is wrong in "999.1.1.1", "10.0.0.0/40": no address or CIDR range',
    `aliases: it is wrong in "a b", "${"x".repeat(60)}…", "c d", …: ` +
    "no name of letters, digits, dots and hyphens",
  ]);
  const many = Array.from({ length: 101 }, (_, at) => `h${at}.example`);
  assert.deepEqual(faultsOfSettings({ hostnames: many, aliases: "a.example" }).list, [
    "hostnames: it is no list of at most 100 host names",
    "aliases: it is no list of at most 100 names of letters, digits, dots and hyphens",
  ]);
});

Deno.test("faultsOfSettings() finds nothing wrong with the defaults", () => {
  assert.deepEqual(faultsOfSettings({ ...SETTINGS_BY_DEFAULT }).list, []);
  assert.deepEqual(Object.keys(SETTINGS_BY_DEFAULT), Object.keys(SITE_SETTINGS));
  assert.deepEqual(faultsOfSettings({ rate_limit: 0, retention_days: null, name: "Ä" }).list, []);
});

Deno.test("settingsOf() falls back where a kept value is no longer valid", () => {
  const settings = settingsOf({ timezone: "Gone/Zone", week_start: "sunday", old_key: 1 });
  assert.deepEqual(settings, { ...SETTINGS_BY_DEFAULT, week_start: "sunday" });
});
