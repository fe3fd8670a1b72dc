// The executable as a service of a real systemd, with the unit of deploy/: its start is over when
// the server is ready, its confinement holds, and a server that hangs is started again.
import assert from "node:assert/strict";
import { compile } from "../../scripts/compile/compile.ts";
import { NoCompileRuntime } from "../../scripts/compile/runtime.ts";
import { ROOT } from "../../scripts/lib.ts";
import { withFolder } from "../support/storage/storage.ts";
import { BootedSystemd } from "../support/systemd/booted.ts";
import { until } from "../support/wait.ts";

const UNIT = "mallard.service";
/** A minute in the unit. */
const WATCHDOG = "WatchdogSec=15";
const COUNT = `
const base = "http://127.0.0.1:8000";
const body = JSON.stringify({ d: "a.example", n: "pageview", u: "https://a.example/" });
const headers = { "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Firefox/121.0" };
await fetch(base + "/api/event", { method: "POST", headers, body });
const asked = await fetch(base + "/api/stats/main?site_id=a.example&period=7d");
console.log((await asked.json()).total_pageviews);
`;

const executable = await compile().catch((error) => {
  if (!(error instanceof NoCompileRuntime)) throw error;
  console.log(`Skipping the test of systemd: ${error.message}`);
  return null;
});

/** The files of an installation, for a machine that has none. */
async function install(files: string): Promise<void> {
  const unit = await Deno.readTextFile(`${ROOT}deploy/systemd/${UNIT}`);
  for (const folder of ["etc/mallard", `etc/systemd/system/${UNIT}.d`, "usr/bin"]) {
    await Deno.mkdir(`${files}/${folder}`, { recursive: true });
  }
  await Deno.copyFile(executable?.path ?? "", `${files}/usr/bin/mallard`);
  await Deno.writeTextFile(`${files}/etc/mallard/mallard.toml`, "port = 8000\n");
  // The machine has no network to wait for.
  const alone = unit.replaceAll(/^.*network-online.*\n/gm, "");
  await Deno.writeTextFile(`${files}/etc/systemd/system/${UNIT}`, alone);
}

/** Where containers may make no devices, all but that is tried. */
async function overrides(systemd: BootedSystemd): Promise<string> {
  const devices = await systemd.run(
    ...["systemd-run", "--quiet", "--wait", "--property=PrivateDevices=yes", "/bin/true"],
  );
  if (devices.code === 0) return `[Service]\n${WATCHDOG}\n`;
  console.log("Skipping PrivateDevices=: this machine may make no devices");
  return `[Service]\n${WATCHDOG}\nPrivateDevices=no\n`;
}

async function start(systemd: BootedSystemd): Promise<void> {
  const text = await overrides(systemd);
  const path = `/etc/systemd/system/${UNIT}.d/test.conf`;
  const script =
    `printf '%s' "$1" > ${path} && useradd --system mallard && systemctl daemon-reload`;
  const prepared = await systemd.run("sh", "-c", script, "sh", text);
  assert.equal(prepared.code, 0, prepared.text);
  const started = await systemd.run("systemctl", "start", UNIT);
  assert.equal(started.code, 0, started.text);
}

const shown = async (systemd: BootedSystemd, ...names: string[]) => {
  const { text } = await systemd.run("systemctl", "show", `--property=${names.join()}`, UNIT);
  return Object.fromEntries(text.trim().split("\n").map((line) => line.split("=")));
};

async function count(systemd: BootedSystemd): Promise<string> {
  const { text } = await systemd.runOnNetwork(Deno.execPath(), "eval", COUNT);
  return text.trim();
}

async function checkConfinement(systemd: BootedSystemd, pid: string): Promise<void> {
  const { text: status } = await systemd.run("cat", `/proc/${pid}/status`);
  for (const line of [/^NoNewPrivs:\t1$/m, /^Seccomp:\t2$/m, /^CapEff:\t0+$/m]) {
    assert.match(status, line);
  }
  assert.doesNotMatch(status, /^Uid:.*\b0\b/m);
  const { text: mounts } = await systemd.run("cat", `/proc/${pid}/mountinfo`);
  assert.match(mounts, / \/ \/ ro,/, "files of the system cannot be changed");
}

async function runService(systemd: BootedSystemd): Promise<void> {
  await start(systemd);
  const running = await shown(systemd, "SubState", "StatusText", "Result", "MainPID", "NRestarts");
  const { MainPID: pid = "", ...state } = running;
  assert.deepEqual(state, {
    SubState: "running",
    StatusText: "Ready",
    Result: "success",
    NRestarts: "0",
  });
  await checkConfinement(systemd, pid);
  assert.equal(await count(systemd), "1");
  assert.equal((await systemd.run("systemctl", "reload", UNIT)).code, 0);

  await systemd.run("systemctl", "kill", "--signal=STOP", "--kill-whom=main", UNIT);
  await until(async () => {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { SubState, NRestarts } = await shown(systemd, "SubState", "NRestarts");
    return SubState === "running" && NRestarts === "1";
  }, "a new start of the server that hung");
  assert.equal(await count(systemd), "2", "what was counted before is there");

  assert.equal((await systemd.run("systemctl", "stop", UNIT)).code, 0);
  assert.deepEqual(await shown(systemd, "ActiveState", "Result", "ExecMainStatus"), {
    ActiveState: "inactive",
    Result: "success",
    ExecMainStatus: "0",
  });
}

Deno.test({
  name: "a real systemd starts, confines, watches, reloads and stops the executable",
  ignore: executable === null,
  fn: () =>
    withFolder(async (folder) => {
      const [machine, files] = [`${folder}/machine`, `${folder}/files`];
      for (const path of [machine, files]) await Deno.mkdir(path);
      await install(files);
      const systemd = await BootedSystemd.boot(machine, files);
      if (typeof systemd === "string") {
        return console.log(`Skipping the test of systemd: ${systemd}`);
      }
      try {
        await runService(systemd);
      } finally {
        await systemd.end();
      }
    }),
});
