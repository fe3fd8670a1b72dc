// The snippets of deploy/ in a real nginx, Caddy and Apache before a real server, below a base
// path: addresses, compression, the stream of realtime numbers, limits, and what the doctor says.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { ROOT } from "../../scripts/lib.ts";
import { freePort } from "../../scripts/server_process.ts";
import { runCommand } from "../support/command.ts";
import { startReady } from "../support/server/ready_server.ts";
import { withFolder } from "../support/storage/storage.ts";
import { until } from "../support/wait.ts";

const PASSWORD = "correct horse";
const STREAM_MS_MAX = 60_000;

/** A proxy: its program, and its own settings around the snippet. */
interface Proxy {
  readonly programs: readonly string[];
  readonly snippet: string;
  /** Name of the file, its text and the arguments to run it in the foreground. */
  readonly settings: (snippet: string, folder: string, port: number) => string;
  readonly args: (path: string) => readonly string[];
  /** Ends it at once, with the processes it has started. */
  readonly signal: Deno.Signal;
}

const APACHE_MODULES = [
  "mpm_event",
  "authz_core",
  "proxy",
  "proxy_http",
  "headers",
  "reqtimeout",
];

const PROXIES: Readonly<Record<string, Proxy>> = {
  nginx: {
    programs: ["/usr/sbin/nginx", "/usr/bin/nginx"],
    snippet: "nginx/mallard.conf",
    settings: (snippet, folder, port) =>
      `daemon off; pid ${folder}/pid; error_log stderr; events {}
      http { access_log off; client_body_temp_path ${folder}/a; proxy_temp_path ${folder}/b;
        fastcgi_temp_path ${folder}/c; uwsgi_temp_path ${folder}/d; scgi_temp_path ${folder}/e;
        ${snippet.replace("listen 80;", `listen 127.0.0.1:${port};`)} }`,
    args: (path) => ["-c", path],
    signal: "SIGTERM",
  },
  caddy: {
    programs: ["/usr/bin/caddy"],
    snippet: "caddy/Caddyfile",
    settings: (snippet, _folder, port) =>
      snippet.replace(/^\{\n/m, "{\n\tadmin off\n\tauto_https off\n")
        .replace("stats.example.com {", `http://localhost:${port} {\n\tbind 127.0.0.1`),
    args: (path) => ["run", "--adapter", "caddyfile", "--config", path],
    // At SIGTERM it waits for idle connections.
    signal: "SIGKILL",
  },
  apache: {
    programs: ["/usr/sbin/apache2"],
    snippet: "apache/mallard.conf",
    settings: (snippet, folder, port) =>
      [
        `ServerRoot ${folder}`,
        `PidFile ${folder}/pid`,
        "ServerName localhost",
        "ErrorLog /dev/stderr",
        `Listen 127.0.0.1:${port}`,
        ...APACHE_MODULES.map((name) =>
          `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`
        ),
        snippet.replace("*:80", `127.0.0.1:${port}`),
      ].join("\n"),
    // One process.
    args: (path) => ["-X", "-f", path],
    signal: "SIGKILL",
  },
};

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Status of a login with a wrong password, from an address of this machine. */
async function logIn(port: number, from: string, claimed: string): Promise<number> {
  const body = JSON.stringify({ password: "wrong" });
  const head = [
    "POST /stats/api/auth/login HTTP/1.1",
    `Host: localhost:${port}`,
    `Origin: http://localhost:${port}`,
    `X-Forwarded-For: ${claimed}`,
    `X-Real-IP: ${claimed}`,
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
    "Connection: close",
  ];
  const text = await new Promise<string>((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, localAddress: from });
    let received = "";
    socket.on("data", (part) => received += part);
    socket.on("close", () => resolve(received));
    socket.on("error", reject);
    socket.write([...head, "", body].join("\r\n"));
  });
  return Number(text.split(" ")[1]);
}

/** The first bytes of a stream, which a proxy that gathers answers would keep. */
async function firstPart(url: string, headers: Record<string, string>): Promise<string> {
  const ended = new AbortController();
  const timer = setTimeout(() => ended.abort(), STREAM_MS_MAX);
  const response = await fetch(url, { headers, signal: ended.signal });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader?.read() ?? {};
  clearTimeout(timer);
  await reader?.cancel();
  return `${response.headers.get("content-type")} ${value}`;
}

async function checkProxy(port: number, dataDir: string, env: Record<string, string>) {
  const url = `http://localhost:${port}/stats`;
  const page = await fetch(`${url}/`, { headers: { "accept-encoding": "gzip" } });
  assert.match(await page.text(), /^<!doctype html>/i);
  assert.equal(page.headers.get("content-encoding"), "gzip");
  const large = await fetch(`${url}/api/event`, { method: "POST", body: "x".repeat(70_000) });
  assert.equal(large.status, 413);
  assert.match(large.headers.get("content-type") ?? "", /json/, "the server's own refusal");
  assert.match((await large.json()).error, /^Cannot /);
  const report = await runCommand(dataDir, "doctor", [], { env, options: { json: true } });
  const { findings }: { findings: readonly { check: string; found: string }[] } = JSON.parse(
    report.text,
  );
  const found = new Map(findings.map(({ check, found }) => [check, found]));
  assert.match(found.get("proxy") ?? "", /^the proxy at 127\.0\.0\.1 sends x-forwarded-for/);
  assert.equal(found.get("tracker"), `${url}/mallard.js`);
  const key = (await runCommand(dataDir, "keys", ["create", "a"], { env })).text.trim();
  const live = `${url}/api/stats/live?site_id=example.com`;
  assert.match(await firstPart(live, { "x-api-key": key }), /^text\/event-stream [^]*data:/);
  for (let n = 0; n < 2; n++) assert.equal(await logIn(port, "127.0.0.2", `198.51.100.${n}`), 401);
  assert.equal(await logIn(port, "127.0.0.2", "198.51.100.9"), 429, "claims change nothing");
  assert.equal(await logIn(port, "127.0.0.3", "127.0.0.2"), 401, "another address");
}

for (const [name, { programs, snippet, settings, args, signal }] of Object.entries(PROXIES)) {
  const program = programs.find(exists);
  if (program === undefined) console.log(`${name} is not installed: its test is skipped`);
  Deno.test({
    name: `the snippet of ${name} passes addresses, streams, refusals and a base path`,
    ignore: program === undefined,
    fn: () =>
      withFolder(async (folder) => {
        const port = freePort();
        const env = {
          MALLARD_BASE_PATH: "/stats",
          MALLARD_TRUSTED_PROXIES: "127.0.0.1/32",
          MALLARD_DASHBOARD_ORIGIN: `http://localhost:${port}`,
          MALLARD_ADMIN_PASSWORD: PASSWORD,
          MALLARD_MAX_LOGIN_ATTEMPTS: "2",
        };
        const dataDir = `${folder}/data`;
        const server = await startReady(dataDir, env);
        const own = (await Deno.readTextFile(`${ROOT}deploy/${snippet}`))
          .replaceAll("127.0.0.1:8000", new URL(server.url).host);
        const path = `${folder}/settings`;
        await Deno.writeTextFile(path, settings(own, folder, port));
        const proxy = new Deno.Command(program ?? "", {
          args: [...args(path)],
          env: { HOME: folder },
          stdout: "null",
          stderr: "null",
        }).spawn();
        let hasEnded = false;
        proxy.status.then(() => hasEnded = true);
        try {
          await until(async () => {
            const response = await fetch(`http://localhost:${port}/stats/health`).catch(() => null);
            await response?.body?.cancel();
            return hasEnded || response?.status === 200;
          }, `${name} answers`);
          assert.equal(hasEnded, false, `${name} does not take its settings`);
          await checkProxy(port, dataDir, env);
        } finally {
          if (!hasEnded) proxy.kill(signal);
          await proxy.status;
          assert.equal(await server.stop(), 0, server.output());
        }
      }),
  });
}
