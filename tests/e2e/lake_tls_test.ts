// A server over a lake whose PostgreSQL has TLS, with a certificate of an authority of its own:
// what each `sslmode` takes and refuses, by both clients that connect, and what the owner is told.
import assert from "node:assert/strict";
import { sqlOf } from "../../scripts/lake/parts.ts";
import { freePort, fromSource, runToEnd, ServerProcess } from "../../scripts/server_process.ts";
import { lakeTest, partsOfFile } from "../support/lake/lake.ts";
import { until } from "../support/wait.ts";

const partsNow = partsOfFile();

const LACKS_OPENSSL = await new Deno.Command("openssl", { args: ["version"], stdout: "null" })
  .output().then(({ success }) => !success, () => true);
if (LACKS_OPENSSL) console.log("Skipping the tests of TLS to PostgreSQL: there is no openssl");

async function openssl(folder: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", { args, cwd: folder }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

/** Makes an authority `NAME.crt`, which nobody knows. */
async function makeAuthority(folder: string, name: string): Promise<void> {
  await openssl(
    folder,
    ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", `/CN=${name}`],
    ...["-keyout", `${name}.key`, "-out", `${name}.crt`],
  );
}

/** Gives PostgreSQL a certificate of `authority` for `localhost` alone, and switches TLS on. */
async function startTls(folder: string, authority: string): Promise<void> {
  const parts = partsNow();
  await openssl(
    folder,
    ...["req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"],
    ...["-keyout", "server.key", "-out", "server.csr"],
  );
  await Deno.writeTextFile(`${folder}/names`, "subjectAltName=DNS:localhost\n");
  await openssl(
    folder,
    ...["x509", "-req", "-in", "server.csr", "-days", "2", "-extfile", "names"],
    ...["-CA", `${authority}.crt`, "-CAkey", `${authority}.key`, "-CAcreateserial"],
    ...["-out", "server.crt"],
  );
  const { uid, gid } = await Deno.stat(`${parts.folder}/postgres`);
  for (const name of ["server.key", "server.crt"]) {
    const path = `${parts.folder}/${name}`;
    await Deno.copyFile(`${folder}/${name}`, path);
    await Deno.chmod(path, 0o600);
    if (Deno.uid() === 0) await Deno.chown(path, uid, gid);
  }
  await sqlOf(parts, `alter system set ssl_key_file = '${parts.folder}/server.key'`);
  await sqlOf(parts, `alter system set ssl_cert_file = '${parts.folder}/server.crt'`);
  await setTls("on");
}

async function setTls(to: "on" | "off"): Promise<void> {
  await sqlOf(partsNow(), `alter system set ssl = ${to}`);
  await sqlOf(partsNow(), "select pg_reload_conf()");
  await until(async () => await sqlOf(partsNow(), "show ssl") === to, `ssl = ${to}`);
}

/** How many connections there are to a database, by whether they are encrypted. */
const connections = (database: string) =>
  sqlOf(
    partsNow(),
    `select ssl, count(*) > 0 from pg_stat_ssl join pg_stat_activity using (pid) ` +
      `where datname = '${database}' group by 1`,
  );

lakeTest(
  "TLS to PostgreSQL is as sslmode says, for both clients",
  partsNow,
  async (env, folder) => {
    if (LACKS_OPENSSL) return;
    const url = new URL(env["MALLARD_LAKE_CATALOG"] ?? "");
    const database = url.pathname.slice(1);
    const settings = (host: string, mode: string, authority?: string, ofCatalog = authority) => ({
      ...env,
      MALLARD_STORAGE: "lake",
      MALLARD_LAKE_CATALOG: `postgresql://lake@${host}:${url.port}/${database}?sslmode=${mode}` +
        (ofCatalog === undefined ? "" : `&sslrootcert=${folder}/${ofCatalog}.crt`),
      ...authority === undefined ? {} : { DENO_CERT: `${folder}/${authority}.crt` },
    });
    let count = 0;
    const dataDir = async () => {
      await Deno.mkdir(`${folder}/data${++count}`);
      return `${folder}/data${count}`;
    };
    /** What a server says that cannot start. */
    const refusal = async (...args: Parameters<typeof settings>) => {
      const port = String(freePort());
      const own = { MALLARD_DATA_DIR: await dataDir(), MALLARD_PORT: port };
      const { code, stderr } = await runToEnd(fromSource(), [], {
        cwd: folder,
        env: { ...settings(...args), ...own },
      });
      assert.notEqual(code, 0, stderr);
      return stderr;
    };
    const works = async (...args: Parameters<typeof settings>) => {
      const server = await ServerProcess.start(fromSource(), {
        dataDir: await dataDir(),
        env: { ...settings(...args), MALLARD_NODE_NAME: `node${count}` },
      }).ready();
      try {
        await until(
          async () =>
            (await (await fetch(`${server.url}/health/detailed`)).json()).degraded.length === 0,
          "a server that lacks nothing",
        );
        assert.equal(await connections(database), "t|t", "all are encrypted");
      } finally {
        assert.equal(await server.stop(), 0);
      }
    };
    assert.match(
      await refusal("localhost", "require"),
      /^mallard: Cannot connect to PostgreSQL \(\w+ on localhost:\d+\): it has no TLS, and/m,
    );
    await makeAuthority(folder, "own");
    await makeAuthority(folder, "other");
    await startTls(folder, "own");
    try {
      assert.match(
        await refusal("127.0.0.1", "verify-full", "own"),
        /^mallard: Cannot connect to PostgreSQL .*: its certificate is not for the host in lake_/m,
      );
      assert.match(
        await refusal("localhost", "verify-full", "other"),
        /^mallard: Cannot connect to PostgreSQL .*: its certificate is by no authority that this/m,
      );
      await works("127.0.0.1", "require");
      await works("localhost", "verify-full", "own");
      await works("127.0.0.1", "verify-ca", "own");
    } finally {
      await setTls("off");
    }
  },
);
