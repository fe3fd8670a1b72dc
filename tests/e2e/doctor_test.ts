// The doctor as a command of the real program: on a healthy installation, with and without a
// running server, and on broken ones.
import assert from "node:assert/strict";
import { fromSource, runToEnd, ServerProcess } from "../../scripts/server_process.ts";
import type { DoctorReport } from "../../src/api/doctor.ts";
import { Sqlite } from "../../src/storage/state/sqlite.ts";
import { makeCertificate } from "../support/server/certificate.ts";
import { withFolder } from "../support/storage/storage.ts";

type Env = Readonly<Record<string, string>>;

/** What `mallard doctor --json` says: its exit code, and each finding by name. */
async function doctor(dataDir: string, env: Env = {}) {
  const settings = { MALLARD_DATA_DIR: dataDir, MALLARD_PORT: "0", ...env };
  const done = await runToEnd(fromSource(), ["doctor", "--json"], { cwd: "/", env: settings });
  const report: DoctorReport & { server: boolean } = JSON.parse(done.stdout);
  const found = new Map(report.findings.map((one) => [one.check, one]));
  const faults = report.findings.filter(({ status }) => status !== "ok").map((one) => one.check);
  for (const one of report.findings) {
    assert.equal(one.todo === "", one.status === "ok", `${one.check}: ${one.found}`);
    assert.notEqual(one.found, "");
  }
  return { code: done.code, report, found, faults };
}

/** A proxy of this machine in front of a server, which names its client. */
function openProxy(target: () => string) {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname, search } = new URL(request.url);
      const headers = new Headers(request.headers);
      headers.set("x-forwarded-for", "203.0.113.9");
      headers.set("accept-encoding", "identity");
      const response = await fetch(target() + pathname + search, { headers });
      const answer = await response.arrayBuffer();
      const kept = response.headers;
      return new Response(response.status === 204 ? null : answer, {
        status: response.status,
        headers: kept,
      });
    },
  );
  return { url: `http://localhost:${server.addr.port}`, close: () => server.shutdown() };
}

const HEALTHY: Env = { MALLARD_ADMIN_PASSWORD: "correct horse" };

Deno.test("mallard doctor finds a healthy installation healthy", async () => {
  await withFolder(async (folder) => {
    const dataDir = `${folder}/data`;
    await Deno.mkdir(`${folder}/backup`);
    const env = { ...HEALTHY, MALLARD_BACKUP_DIR: `${folder}/backup` };
    const server = await ServerProcess.start(fromSource(), { dataDir, cwd: folder, env }).ready();
    try {
      const running = await doctor(dataDir, env);
      assert.equal(running.report.server, true);
      const { mode } = await Deno.stat(`${dataDir}/.owner.sock`);
      assert.equal((mode ?? 0) & 0o777, 0o600, "nobody else can open the socket");
      assert.deepEqual(running.faults, ["backups"], "there is none yet");
      assert.equal(running.code, 0, "a warning is no failure");
      assert.equal(running.found.get("tracker")?.found, `${server.url}/mallard.js`);
    } finally {
      assert.equal(await server.stop(), 0, server.output);
    }
    const names = [...Deno.readDirSync(dataDir)].map(({ name }) => name);
    assert.ok(!names.includes(".owner.sock"), "a stopped server leaves no socket");
    const stopped = await doctor(dataDir, env);
    assert.deepEqual([stopped.code, stopped.report.server, stopped.faults], [0, false, []]);
    const text = await runToEnd(fromSource(), ["doctor"], {
      cwd: "/",
      env: { ...env, MALLARD_DATA_DIR: dataDir },
    });
    assert.match(text.stdout, /^ok +data_dir +\/.*\n[^]*\n20 ok, 0 warn, 0 fail\n$/m);
  });
});

Deno.test("mallard doctor says what is broken, and what to do", async () => {
  await withFolder(async (folder) => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const port = await doctor(`${folder}/none`, {
      MALLARD_HOST: "127.0.0.1",
      MALLARD_PORT: String(taken.addr.port),
    });
    assert.equal(port.code, 1);
    assert.equal(port.found.get("port")?.status, "fail");
    assert.equal(port.found.get("data_dir")?.status, "warn");

    const newer = `${folder}/newer`;
    await Deno.mkdir(newer, { mode: 0o777 });
    await Deno.chmod(newer, 0o777);
    const db = Sqlite.open(`${newer}/mallard.sqlite`);
    db.exec("pragma user_version = 99");
    db.close();
    await Deno.chmod(`${newer}/mallard.sqlite`, 0o644);
    const store = await doctor(newer);
    assert.equal(store.code, 1);
    assert.match(store.found.get("store")?.found ?? "", /schema version 99 is newer/);
    assert.match(store.found.get("store")?.todo ?? "", /program that wrote it/);
    assert.match(store.found.get("rights")?.todo ?? "", /chmod o-w .*; chmod 600 .*mallard.sqlite/);

    const settings = `${folder}/settings`;
    await Deno.mkdir(`${settings}/quarantine/site_id=a/date=2024-01-01`, { recursive: true });
    await Deno.writeTextFile(`${settings}/quarantine/site_id=a/date=2024-01-01/0001.parquet`, "x");
    await Deno.writeTextFile(`${settings}/cert.pem`, "no certificate");
    const wrong = await doctor(settings, {
      MALLARD_MEMORY_LIMIT: "900TB",
      MALLARD_GEOIP_DB: `${settings}/cert.pem`,
      MALLARD_SECRET: "short",
      MALLARD_TLS_CERT_PATH: `${settings}/cert.pem`,
      MALLARD_TLS_KEY_PATH: `${settings}/key.pem`,
      MALLARD_BEHAVIORAL: "extension",
      MALLARD_BEHAVIORAL_EXTENSION: `${settings}/none`,
    });
    for (const name of ["memory", "geography", "secrets", "certificate", "behavioral"]) {
      assert.equal(wrong.found.get(name)?.status, "fail", name);
    }
    assert.match(wrong.found.get("parquet")?.found ?? "", /1 corrupt files/);
    await Deno.writeTextFile(`${settings}/cert.pem`, makeCertificate().cert);
    const certificate = await doctor(settings, {
      MALLARD_TLS_CERT_PATH: `${settings}/cert.pem`,
      MALLARD_TLS_KEY_PATH: `${settings}/key.pem`,
    });
    assert.match(certificate.found.get("certificate")?.found ?? "", /ends in 36[45] days/);
  });
});

Deno.test("mallard doctor says what the proxy in front of the server sends", async () => {
  await withFolder(async (folder) => {
    let target = "";
    const proxy = openProxy(() => target);
    const verdictOf = async (name: string, env: Env) => {
      const dataDir = `${folder}/${name}`;
      const all = { ...HEALTHY, ...env };
      const options = { dataDir, cwd: folder, env: all };
      const server = await ServerProcess.start(fromSource(), options).ready();
      target = server.url;
      try {
        const { found } = await doctor(dataDir, all);
        return { proxy: found.get("proxy"), tracker: found.get("tracker") };
      } finally {
        assert.equal(await server.stop(), 0, server.output);
      }
    };
    try {
      const trusted = await verdictOf("a", { MALLARD_DASHBOARD_ORIGIN: proxy.url });
      assert.equal(trusted.proxy?.status, "warn");
      assert.match(trusted.proxy?.found ?? "", /^the proxy sends Host: 127\.0\.0\.1:\d+$/);
      assert.deepEqual(trusted.tracker?.found, `${proxy.url}/mallard.js`);
      const unnamed = await verdictOf("b", {
        MALLARD_DASHBOARD_ORIGIN: proxy.url,
        MALLARD_TRUSTED_PROXIES: "192.0.2.0/24",
      });
      assert.equal(unnamed.proxy?.status, "fail");
      assert.equal(unnamed.proxy?.todo, "add 127.0.0.1 to trusted_proxies");
    } finally {
      await proxy.close();
    }
    const unreachable = await verdictOf("c", { MALLARD_DASHBOARD_ORIGIN: proxy.url });
    assert.equal(unreachable.proxy?.status, "fail");
    assert.equal(unreachable.tracker?.status, "fail");
    assert.match(unreachable.proxy?.found ?? "", /does not answer/);
  });
});
