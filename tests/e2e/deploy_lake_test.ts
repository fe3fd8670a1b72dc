// The load balancer of deploy/nginx/lake.conf in a real nginx, before servers that say their names,
// and before those of deploy/compose.lake.yml: what its containers would run, as processes here.
import assert from "node:assert/strict";
import { outputOf, ROOT } from "../../scripts/lib.ts";
import { freePort, fromSource, runToEnd, ServerProcess } from "../../scripts/server_process.ts";
import { sqlOf } from "../../scripts/lake/parts.ts";
import { plainRows } from "../../scripts/lake/plain.ts";
import { lakeTest, partsOfFile } from "../support/lake/lake.ts";
import { withFolder } from "../support/storage/storage.ts";
import { until } from "../support/wait.ts";

const NGINX = ["/usr/sbin/nginx", "/usr/bin/nginx"].find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});

if (NGINX === undefined) console.log("Skipping the load balancer: nginx is not installed");

/** A server that names itself, and counts the bodies that it got. */
function named(name: string) {
  const got: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    if (request.method === "POST") got.push(await request.text());
    return new Response(`${name} ${request.headers.get("x-forwarded-for")}`);
  });
  return { name, got, port: server.addr.port, close: () => server.shutdown() };
}

/** nginx with lake.conf, and what is added to it, before servers that are known by other names. */
async function balance(
  folder: string,
  ports: ReadonlyMap<string, number>,
  added = "",
): Promise<{ readonly nginx: Deno.ChildProcess; readonly origin: string }> {
  const port = freePort();
  const snippet = [...ports].reduce(
    (text, [name, here]) => text.replace(`server ${name}:8000`, `server 127.0.0.1:${here}`),
    await Deno.readTextFile(`${ROOT}deploy/nginx/lake.conf`),
  ).replace("listen 80;", `listen 127.0.0.1:${port};`);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(" ");
  const path = `${folder}/nginx.conf`;
  await Deno.writeTextFile(
    path,
    `daemon off; pid ${folder}/pid; error_log stderr; events {}
    http { access_log off; ${temporary} ${added} ${snippet} }`,
  );
  const nginx = new Deno.Command(NGINX ?? "", {
    args: ["-c", path],
    stdout: "null",
    stderr: "null",
  }).spawn();
  return { nginx, origin: `http://127.0.0.1:${port}` };
}

Deno.test({
  name: "the load balancer keeps a visitor at one server, passes over one that is gone, " +
    "and hides what servers tell each other",
  ignore: NGINX === undefined,
  fn: () =>
    withFolder(async (folder) => {
      const servers = ["node1", "node2", "node3"].map(named);
      const ports = new Map(servers.map(({ name, port }) => [name, port]));
      const { nginx, origin } = await balance(folder, ports);
      const ask = async (at = "/", init: RequestInit = {}) => {
        const response = await fetch(origin + at, init);
        return { status: response.status, text: await response.text() };
      };
      try {
        await until(() => ask().then(() => true, () => false), "nginx");
        const claimed = { headers: { "x-forwarded-for": "203.0.113.9" } };
        const answers = await Promise.all(Array.from({ length: 10 }, () => ask("/", claimed)));
        const texts = new Set(answers.map(({ text }) => text));
        assert.equal(texts.size, 1, [...texts].join());
        const [text = ""] = texts;
        assert.match(text, /^node\d 127\.0\.0\.1$/);
        assert.equal((await ask("/internal/hot?journal=a&after=0")).status, 404);
        const first = servers.find(({ name }) => text.startsWith(name));
        await first?.close();
        for (let sent = 0; sent < 5; sent++) {
          const { status } = await ask("/api/event", { method: "POST", body: `event ${sent}` });
          assert.equal(status, 200);
        }
        const got = servers.flatMap((one) => one.got).sort();
        assert.deepEqual(got, [0, 1, 2, 3, 4].map((sent) => `event ${sent}`));
        assert.deepEqual(first?.got, []);
      } finally {
        nginx.kill("SIGTERM");
        await nginx.status;
        await Promise.all(servers.map((one) => one.close()));
      }
    }),
});

const BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const partsNow = partsOfFile();

/** What is read of a service. */
interface Composed {
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test: readonly string[] };
}

/** The services of deploy/compose.lake.yml; null where nobody here reads YAML. */
async function composed(): Promise<Readonly<Record<string, Composed>> | null> {
  const script = "import json, sys, yaml\n" +
    "print(json.dumps(yaml.safe_load(open(sys.argv[1]))['services']))";
  const args = ["-c", script, `${ROOT}deploy/compose.lake.yml`];
  const done = await outputOf("python3", { args });
  return done?.code === 0 ? JSON.parse(new TextDecoder().decode(done.stdout)) : null;
}

/** A value with its `${NAME:?…}` and `${NAME:-…}` replaced, as compose does. */
function replaced(value: string, given: Readonly<Record<string, string>>): string {
  return value.replace(/\$\{(\w+):([?-])([^}]*)\}/g, (_, name, kind, word) => {
    const known = given[name] ?? "";
    assert.ok(known !== "" || kind === "-", `${name}: ${word}`);
    return known === "" ? word : known;
  });
}

/** The database and the user that the image of PostgreSQL would make. */
async function makeDatabase(environment: Readonly<Record<string, string>>): Promise<void> {
  const { POSTGRES_USER: user, POSTGRES_PASSWORD: password, POSTGRES_DB: name } = environment;
  await sqlOf(partsNow(), `create role ${user} superuser login password '${password}'`);
  await sqlOf(partsNow(), "drop database lake");
  await sqlOf(partsNow(), `create database ${name} owner ${user}`);
}

/** A server as its container would run it; it is not ready yet. */
interface Node {
  readonly server: ServerProcess;
  /** Resolves when it is ready, and its health check succeeds. */
  readonly ready: () => Promise<void>;
}

/** Starts a server as its container would. */
function startNode(
  dataDir: string,
  port: number,
  settings: Readonly<Record<string, string>>,
): Node {
  const env = {
    ...settings,
    MALLARD_HOST: "127.0.0.1",
    MALLARD_PORT: String(port),
    MALLARD_DATA_DIR: dataDir,
  };
  Deno.mkdirSync(dataDir);
  const url = `http://127.0.0.1:${port}`;
  const server = Object.assign(ServerProcess.start(fromSource(), { dataDir, env }), { url });
  const ready = async () => {
    await server.ready();
    const health = await runToEnd(fromSource(), ["health"], { cwd: dataDir, env });
    assert.equal(health.code, 0, health.stderr);
  };
  return { server, ready };
}

/** Sends two pageviews of each of twelve visitors, as another proxy passes them on. */
async function sendAll(origin: string): Promise<void> {
  for (let visitor = 1; visitor <= 12; visitor++) {
    for (const page of ["/", "/next"]) {
      const sent = await fetch(`${origin}/api/event`, {
        method: "POST",
        // The first address is what the visitor claims.
        headers: {
          "user-agent": BROWSER,
          "x-forwarded-for": `198.51.100.1, 203.0.113.${visitor}`,
        },
        body: JSON.stringify({
          name: "pageview",
          url: `https://compose.example${page}`,
          domain: "compose.example",
        }),
      });
      assert.equal(sent.status, 202, await sent.text());
    }
  }
}

/** What each of the servers answers in the end, and what no visitor may ask of them. */
async function assertCounted(origin: string, urls: readonly string[]): Promise<void> {
  const path = "/api/stats/main?site_id=compose.example&period=day";
  for (const url of urls) {
    const main = async () => {
      const { total_pageviews, unique_visitors } = await (await fetch(url + path)).json();
      return `${total_pageviews} ${unique_visitors}`;
    };
    await until(async () => await main() === "24 12", "all events and visitors");
  }
  const hidden = await fetch(`${origin}/internal/hot`);
  assert.equal(hidden.status, 404, await hidden.text());
}

const GIVEN = {
  MALLARD_SECRET: "a".repeat(64),
  MALLARD_NODE_SECRET: "b".repeat(64),
  MALLARD_LAKE_PASSWORD: "c".repeat(64),
};

/** The environment of a service, with names of its networks replaced by addresses here. */
function environmentOf(
  service: Composed | undefined,
  ports: ReadonlyMap<string, number>,
): Record<string, string> {
  const { postgresPort, s3Port, env } = partsNow();
  const given = { ...GIVEN, MALLARD_S3_SECRET: env["MALLARD_S3_SECRET"] ?? "" };
  const here = (text: string) =>
    [...ports].reduce(
      (left, [name, port]) => left.replace(`${name}:8000`, `127.0.0.1:${port}`),
      text.replace("@postgres/", `@127.0.0.1:${postgresPort}/`)
        .replace("minio:9000", `127.0.0.1:${s3Port}`)
        .replace("172.31.0.10", "127.0.0.1"),
    );
  const entries = Object.entries(service?.environment ?? {});
  return Object.fromEntries(entries.map(([name, value]) => [name, here(replaced(value, given))]));
}

/** The database of the service, as its image makes it, and whether its health check succeeds. */
async function preparePostgres(service: Composed | undefined): Promise<void> {
  await makeDatabase(environmentOf(service, new Map()));
  const { postgresPort, programs } = partsNow();
  const args = [...service?.healthcheck?.test.slice(2) ?? [], "-p", String(postgresPort)];
  const asked = await outputOf(`${programs.postgres}/pg_isready`, { args });
  assert.equal(asked?.code, 0);
}

lakeTest(
  "the servers of compose.lake.yml count visitors behind its load balancer and another proxy",
  partsNow,
  async ({ MALLARD_EXTENSION_DIR = "" }, folder) => {
    const services = await composed();
    if (services === null || NGINX === undefined) {
      return console.log("Skipping compose.lake.yml: nginx or Python with yaml is not installed");
    }
    await preparePostgres(services["postgres"]);
    const ports = new Map(["node1", "node2", "node3"].map((name) => [name, freePort()]));
    // The S3 server here knows one key of its own.
    const { MALLARD_S3_KEY_ID = "" } = partsNow().env;
    const own = { MALLARD_S3_KEY_ID, MALLARD_EXTENSION_DIR };
    const nodes: Node[] = [];
    let nginx: Deno.ChildProcess | null = null;
    try {
      // All at once, as compose starts them.
      for (const [name, port] of ports) {
        const env = { ...environmentOf(services[name], ports), ...own };
        nodes.push(startNode(`${folder}/${name}`, port, env));
      }
      for (const { ready } of nodes) await ready();
      const added = (await Deno.readTextFile(`${ROOT}deploy/nginx/lake_behind_proxy.conf`))
        .replace("172.31.0.0/24", "127.0.0.1");
      const balanced = await balance(folder, ports, added);
      nginx = balanced.nginx;
      const { origin } = balanced;
      const isUp = () => fetch(`${origin}/health`).then((answer) => answer.text());
      await until(() => isUp().then(() => true, () => false), "nginx");
      await sendAll(origin);
      await assertCounted(origin, nodes.map(({ server }) => server.url));
    } finally {
      nginx?.kill("SIGTERM");
      await nginx?.status;
      const codes = await Promise.all(nodes.map(({ server }) => server.stop()));
      const outputs = nodes.map(({ server }) => server.output);
      assert.deepEqual(codes, nodes.map(() => 0), outputs.join("\n"));
    }
    const events = "select count(*), count(distinct visitor_id) from lake.events";
    assert.deepEqual(await plainRows(partsNow(), partsNow().env, events), [[24, 12]]);
  },
);
