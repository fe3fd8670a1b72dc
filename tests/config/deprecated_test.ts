// Old names of settings: read with a warning, and gone when their version comes.
import assert from "node:assert/strict";
import { DEPRECATED_SETTINGS, type DeprecatedSetting } from "../../src/config/deprecated.ts";
import { loadConfig } from "../../src/config/load.ts";
import { SETTING_NAMES, settingRow } from "../../src/config/settings.ts";
import project from "../../deno.json" with { type: "json" };

const ROW: DeprecatedSetting = {
  key: "flush_count",
  env: "MALLARD_OLD_FLUSH_COUNT",
  now: "flush_event_count",
  since: "0.3.0",
  until: "0.5.0",
};
const SECRET: DeprecatedSetting = {
  key: "password",
  env: "MALLARD_OLD_PASSWORD",
  now: "admin_password",
  since: "0.3.0",
  until: "0.5.0",
};
const deprecated = [ROW, SECRET];

function load(text: string, env: Readonly<Record<string, string>> = {}) {
  return loadConfig({ file: { path: "m.toml", text }, env, deprecated });
}

Deno.test("an old name is read, with a warning that names the new one and the last version", () => {
  const inFile = load("flush_count = 7");
  assert.ok("config" in inFile, JSON.stringify(inFile));
  assert.equal(inFile.config.flush_event_count, 7);
  assert.deepEqual(inFile.warnings, [
    "flush_count from m.toml is deprecated: call it flush_event_count; " +
    "version 0.5.0 no longer reads the old name",
  ]);
  const inEnv = load("", { MALLARD_OLD_FLUSH_COUNT: "8" });
  assert.ok("config" in inEnv, JSON.stringify(inEnv));
  assert.equal(inEnv.config.flush_event_count, 8);
  assert.deepEqual(inEnv.warnings, [
    "MALLARD_OLD_FLUSH_COUNT from the environment is deprecated: call it MALLARD_FLUSH_COUNT; " +
    "version 0.5.0 no longer reads the old name",
  ]);
});

Deno.test("the new name counts where both are set, and the environment over the file", () => {
  const both = load("flush_count = 7\nflush_event_count = 9");
  assert.ok("config" in both, JSON.stringify(both));
  assert.equal(both.config.flush_event_count, 9);
  assert.deepEqual(both.warnings, [
    "flush_count from m.toml is deprecated and ignored: flush_event_count is set, too",
  ]);
  const emptyNew = load("", { MALLARD_OLD_FLUSH_COUNT: "8", MALLARD_FLUSH_COUNT: " " });
  assert.equal("config" in emptyNew && emptyNew.config.flush_event_count, 8);
  const over = load("flush_event_count = 7", { MALLARD_OLD_FLUSH_COUNT: "8" });
  assert.equal("config" in over && over.config.flush_event_count, 8);
});

Deno.test("a wrong value under an old name is refused with both names and without a secret", () => {
  const wrong = load('flush_count = "many"');
  assert.ok("faults" in wrong);
  assert.match(wrong.faults[0] ?? "", /^Cannot use flush_event_count = "many" from m.toml/);
  assert.match(wrong.faults[1] ?? "", /^flush_count from m.toml is deprecated: call it /);
  const secret = load('password = "hunter2-hunter2"');
  assert.ok("faults" in secret);
  assert.doesNotMatch(secret.faults.join("\n"), /hunter2/);
  const fromEnv = load("", { MALLARD_OLD_PASSWORD: "hunter2-hunter2" });
  assert.ok("config" in fromEnv, JSON.stringify(fromEnv));
  assert.equal(fromEnv.config.admin_password, "hunter2-hunter2");
  assert.doesNotMatch(fromEnv.warnings.join("\n"), /hunter2/);
});

Deno.test("a name that is no setting and has no row stays unknown", () => {
  const loaded = loadConfig({ file: { path: "m.toml", text: "flush_count = 7" }, env: {} });
  assert.match("faults" in loaded ? loaded.faults.join() : "", /there is no such key/);
});

/** What is wrong with a row at a version of the program. */
function faultsOf({ key, env, now, since, until }: DeprecatedSetting, version: string): string[] {
  const minor = (text: string) => {
    const [major = 0, second = 0] = text.split(".").map(Number);
    return major * 1000 + second;
  };
  const envs = SETTING_NAMES.map((name) => settingRow(name).env);
  return [
    ...(SETTING_NAMES as readonly string[]).includes(key) ? [`${key} is a setting`] : [],
    ...envs.includes(env) ? [`${env} is a setting`] : [],
    ...SETTING_NAMES.includes(now) ? [] : [`${now} is no setting`],
    ...minor(until) <= minor(since) ? [`${key} does not warn for a whole minor version`] : [],
    ...minor(version) >= minor(until) ? [`${key} is to be removed in ${until}`] : [],
  ];
}

Deno.test("every old name is no setting, warns long enough and is not overdue", () => {
  for (const row of DEPRECATED_SETTINGS) assert.deepEqual(faultsOf(row, project.version), []);
  assert.deepEqual(faultsOf(ROW, "0.4.9"), []);
  assert.deepEqual(faultsOf({ ...ROW, key: "port", until: "0.3.1" }, "0.5.0"), [
    "port is a setting",
    "port does not warn for a whole minor version",
    "port is to be removed in 0.3.1",
  ]);
});
