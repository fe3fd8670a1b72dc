// TLS by certificate files: the whole way over https, a restart that takes new files, and what is
// said of files that cannot be used.
import assert from "node:assert/strict";
import { fromSource, runToEnd } from "../../scripts/server_process.ts";
import { browserTest } from "../support/browser/browser.ts";
import { type Certificate, makeCertificate } from "../support/server/certificate.ts";
import { type ReadyServer, startReady } from "../support/server/ready_server.ts";
import { withFolder } from "../support/storage/storage.ts";
import { until } from "../support/wait.ts";

const PASSWORD = "correct horse";
const HSTS = "max-age=31536000; includeSubDomains";

/** The settings that name the certificate of a folder. */
function settingsOf(folder: string): Record<string, string> {
  return {
    MALLARD_TLS_CERT_PATH: `${folder}/cert.pem`,
    MALLARD_TLS_KEY_PATH: `${folder}/key.pem`,
  };
}

async function put(folder: string, { cert, key }: Certificate): Promise<void> {
  await Deno.writeTextFile(`${folder}/cert.pem`, cert);
  await Deno.writeTextFile(`${folder}/key.pem`, key);
}

async function withServer(
  work: (server: ReadyServer, certificate: Certificate, folder: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const certificate = makeCertificate();
    await put(folder, certificate);
    const env = { ...settingsOf(folder), MALLARD_ADMIN_PASSWORD: PASSWORD };
    const server = await startReady(folder, env);
    try {
      await work(server, certificate, folder);
    } finally {
      assert.equal(await server.stop(), 0, server.output());
    }
    assert.ok(!server.output().includes("PRIVATE KEY"));
  });
}

/** Asks as somebody who trusts this certificate alone. */
async function ask(certificate: Certificate, url: string, init: RequestInit = {}) {
  using client = Deno.createHttpClient({ caCerts: [certificate.cert] });
  // The types of the browser's fetch, which stand beside Deno's, know no client.
  const trusting: RequestInit & { client: Deno.HttpClient } = { ...init, client };
  const response = await fetch(url, trusting);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Whether a request failed because its client does not trust the certificate. */
function isUntrusted(error: unknown): boolean {
  return error instanceof Error && /certificate/i.test(`${error.message} ${String(error.cause)}`);
}

Deno.test("under TLS every response has HSTS, and the cookie is Secure", async () => {
  await withServer(async ({ url }, certificate) => {
    assert.match(url, /^https:\/\/127\.0\.0\.1:\d+$/);
    for (const path of ["/", "/health", "/nowhere", "/api/keys", "/mallard.js", "/privacy"]) {
      const { headers } = await ask(certificate, url + path);
      assert.equal(headers.get("strict-transport-security"), HSTS, path);
    }
    const login = await ask(certificate, `${url}/api/auth/login`, {
      method: "POST",
      body: JSON.stringify({ password: PASSWORD }),
    });
    assert.equal(login.status, 200);
    const cookie = login.headers.get("set-cookie") ?? "";
    const attributes = "=[0-9a-f]{64}; HttpOnly; SameSite=Strict; Path=/; Max-Age=\\d+; Secure";
    assert.match(cookie, RegExp(`^__Host-mm_session${attributes}, mm_session${attributes}$`));
    const headers = { cookie: cookie.split(";")[0] ?? "" };
    assert.equal((await ask(certificate, `${url}/api/keys`, { headers })).status, 200);
    const event = JSON.stringify({ d: "example.com", n: "pageview", u: "/" });
    const sent = await ask(certificate, `${url}/api/event`, { method: "POST", body: event });
    assert.equal(sent.status, 202);
  });
});

Deno.test("under TLS no plain request is answered", async () => {
  await withServer(async ({ url }) => {
    const { hostname, port } = new URL(url);
    const connection = await Deno.connect({ hostname, port: Number(port) });
    await connection.write(new TextEncoder().encode("GET /health HTTP/1.1\r\nHost: a\r\n\r\n"));
    const buffer = new Uint8Array(1000);
    const count = await connection.read(buffer).catch(() => null);
    const answer = new TextDecoder("latin1").decode(buffer.subarray(0, count ?? 0));
    connection.close();
    assert.ok(!/HTTP|ok/.test(answer), answer);
  });
});

Deno.test("a restart reads new certificate files", async () => {
  await withFolder(async (folder) => {
    const [first, second] = [makeCertificate(), makeCertificate()];
    for (const [current, other] of [[first, second], [second, first]] as const) {
      await put(folder, current);
      const server = await startReady(folder, settingsOf(folder));
      assert.equal((await ask(current, `${server.url}/health`)).status, 200);
      await assert.rejects(ask(other, `${server.url}/health`), isUntrusted);
      assert.equal(await server.stop(), 0, server.output());
    }
  });
});

Deno.test({
  name: "SIGHUP reads new certificate files, and keeps the old one where they cannot be used",
  ignore: Deno.build.os === "windows",
  async fn() {
    await withServer(async (server, first, folder) => {
      const second = makeCertificate();
      await put(folder, { ...second, key: "not a key\n" });
      server.signal("SIGHUP");
      await until(() => server.output().includes("Cannot reload the certificate"), "a refusal");
      assert.equal((await ask(first, `${server.url}/health`)).status, 200);
      await put(folder, second);
      server.signal("SIGHUP");
      await until(() => server.output().includes("Reloaded the certificate"), "a reload");
      assert.equal((await ask(second, `${server.url}/health`)).status, 200);
      await assert.rejects(ask(first, `${server.url}/health`), isUntrusted);
    });
  },
});

/** How the program ends with these contents of the two files; null is no file. */
async function endWith(cert: string | null, key: string | null) {
  let ended: { code: number; stdout: string; stderr: string } | undefined;
  await withFolder(async (folder) => {
    if (cert !== null) await Deno.writeTextFile(`${folder}/cert.pem`, cert);
    if (key !== null) await Deno.writeTextFile(`${folder}/key.pem`, key);
    const env = {
      ...settingsOf(folder),
      MALLARD_HOST: "127.0.0.1",
      MALLARD_PORT: "0",
      MALLARD_DATA_DIR: folder,
    };
    ended = await runToEnd(fromSource(), [], { cwd: folder, env });
  });
  assert.ok(ended);
  return ended;
}

Deno.test("a missing or broken certificate is reported in one line with its path", async () => {
  const { cert, key } = makeCertificate();
  const other = makeCertificate();
  const faults: readonly [string, string | null, string | null][] = [
    ["no certificate", null, key],
    ["no key", cert, null],
    ["an empty certificate", "", key],
    ["an empty key", cert, "\n"],
    ["a certificate that is none", "not a certificate\n", key],
    ["half a certificate", cert.slice(0, 200), key],
    ["a key that is none", cert, "not a key\n"],
    ["half a key", cert, key.slice(0, 60)],
    ["the certificate twice", cert, cert],
    ["the key of another", cert, other.key],
  ];
  for (const [what, certText, keyText] of faults) {
    const { code, stdout, stderr } = await endWith(certText, keyText);
    assert.equal(code, 1, `${what}: ${stderr}`);
    assert.equal(stdout, "", what);
    assert.match(stderr, /^mallard: Cannot listen on [^\n]*cert\.pem[^\n]*key\.pem[^\n]*\n$/, what);
    assert.doesNotMatch(stderr, /PRIVATE|\bat file:|Error:/, what);
  }
});

Deno.test("a certificate without its key is an invalid setting", async () => {
  for (const name of ["MALLARD_TLS_CERT_PATH", "MALLARD_TLS_KEY_PATH"]) {
    const env = { [name]: "/nowhere.pem" };
    const { code, stderr } = await runToEnd(fromSource(), [], { cwd: Deno.cwd(), env });
    assert.equal(code, 2);
    assert.match(stderr, /^mallard: [^\n]*tls_cert_path[^\n]*\n$/);
    assert.match(stderr, /tls_key_path/);
  }
});

browserTest("under TLS a person logs in, and the browser keeps the Secure cookie", async (
  _context,
  browser,
) => {
  await withServer(async ({ url }) => {
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const page = await context.newPage();
    await page.goto(url);
    await page.fill("input[type=password]", PASSWORD);
    await page.keyboard.press("Enter");
    await page.waitForSelector("input[type=password]", { state: "detached" });
    const cookies = await context.cookies();
    const names = cookies.map(({ name }) => name).filter((name) => name.includes("session"));
    assert.deepEqual(names.sort(), ["__Host-mm_session", "mm_session"]);
    for (const { secure, httpOnly, sameSite, path } of cookies) {
      assert.deepEqual([secure, httpOnly, sameSite, path], [true, true, "Strict", "/"]);
    }
    // What a sibling host can set does not push the login out.
    await context.addCookies(Array.from({ length: 20 }, (_, n) => ({
      name: n === 0 ? "mm_session" : `other_${n}`,
      value: "0".repeat(64),
      domain: "127.0.0.1",
      path: n === 0 ? "/api" : "/",
      secure: true,
    })));
    const status = await page.evaluate(async () => (await fetch("api/keys")).status);
    assert.equal(status, 200);
    await context.close();
  });
});
