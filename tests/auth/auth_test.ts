import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
import { fakeSystem } from "../support/fake_system.ts";
import { type Answer, type Call, openOwner, type Owner } from "../support/server/owner.ts";
import { hashPassword, resetPassword } from "../../src/auth/password.ts";
import { ANONYMOUS_REQUESTS_AT_ONCE } from "../../src/core/limits.ts";

const PASSWORD = "correct horse";
const FAR = { peer: "198.51.100.7" };

function setUp(owner: Owner, call: Call = {}): Promise<Answer> {
  return owner.call("POST", "/api/auth/setup", { body: { password: PASSWORD }, ...call });
}

function logIn(owner: Owner, password: unknown, call: Call = {}): Promise<Answer> {
  return owner.call("POST", "/api/auth/login", { body: { password }, ...call });
}

function under(session: string | null, call: Call = {}): Call {
  return { ...call, headers: { ...call.headers, cookie: `mm_session=${session}` } };
}

Deno.test("Auth refuses a login after it has expired", async () => {
  const owner = await openOwner({ session_ttl_secs: 60 });
  const { session } = await setUp(owner);
  owner.system.clock.advance(59_999);
  equal((await owner.call("GET", "/read", under(session))).status, 200);
  owner.system.clock.advance(1);
  equal((await owner.call("GET", "/read", under(session))).status, 401);
  owner.close();
});

Deno.test("Auth lets only one of two concurrent setups succeed", async () => {
  const owner = await openOwner();
  const answers = await Promise.all([
    setUp(owner, { body: { password: "first password" } }),
    setUp(owner, { body: { password: "second password" } }),
  ]);
  deepEqual(answers.map(({ status }) => status).sort(), [200, 409]);
  const statuses = [
    (await logIn(owner, "first password")).status,
    (await logIn(owner, "second password")).status,
  ];
  deepEqual(statuses, answers[0]?.status === 200 ? [200, 401] : [401, 200]);
  owner.close();
});

Deno.test("Auth accepts a remote first password only with the printed token", async () => {
  const owner = await openOwner();
  const token = owner.auth.setupToken;
  ok(token && /^[0-9a-f]{32}$/.test(token));
  equal((await setUp(owner, FAR)).status, 403);
  equal((await setUp(owner, { peer: "127.0.0.1", address: "198.51.100.7" })).status, 403);
  equal((await setUp(owner, { peer: "198.51.100.7", address: "127.0.0.1" })).status, 403);
  const named = { origin: "http://stats.example.com" };
  equal((await setUp(owner, named)).status, 403, "a public name on loopback is a proxy");
  const body = (token: unknown) => ({ password: PASSWORD, token });
  equal((await setUp(owner, { ...FAR, body: body("0".repeat(32)) })).status, 403);
  equal((await setUp(owner, { ...FAR, body: body(1) })).status, 403);
  equal((await setUp(owner, { ...FAR, body: body(token) })).status, 200);
  equal(owner.auth.setupToken, null);
  equal((await setUp(owner, { ...FAR, body: body(token) })).status, 409);
  owner.close();
});

Deno.test("Auth locks out an address that guesses the setup token", async () => {
  const owner = await openOwner({ max_login_attempts: 2 });
  const guess = { ...FAR, body: { password: PASSWORD, token: "0".repeat(32) } };
  equal((await setUp(owner, guess)).status, 403);
  equal((await setUp(owner, guess)).status, 403);
  equal((await setUp(owner, guess)).status, 429);
  owner.close();
});

Deno.test("Auth keeps a password across restarts, as an Argon2id hash only", async () => {
  const owner = await openOwner();
  const { session } = await setUp(owner);
  owner.close();
  const { folder } = owner;
  const bytes = await Deno.readFile(`${folder}/mallard.sqlite`);
  const text = new TextDecoder("latin1").decode(bytes);
  ok(!text.includes(PASSWORD));
  ok(!text.includes(String(session)));
  ok(text.includes("$argon2id$v=19$m=19456,t=2,p=1$"));

  const again = await openOwner({ folder });
  equal(again.auth.configured, true);
  equal(again.auth.setupToken, null);
  equal((await logIn(again, PASSWORD)).status, 200);
  equal((await again.call("GET", "/read", under(session))).status, 401);
  equal((await setUp(again)).status, 409);
  again.close();

  const other = await openOwner({ folder, admin_password: "from the environment" });
  equal((await logIn(other, PASSWORD)).status, 401);
  equal((await logIn(other, "from the environment")).status, 200);
  equal((await setUp(other)).status, 409);
  other.close();
  const last = await openOwner({ folder });
  equal((await logIn(last, PASSWORD)).status, 200, "the one from the environment was not kept");
  last.close();
});

Deno.test("Auth accepts a hash as the configured password", async () => {
  const hash = await hashPassword(fakeSystem().random, PASSWORD);
  const owner = await openOwner({ admin_password: hash });
  equal((await logIn(owner, PASSWORD)).status, 200);
  equal((await logIn(owner, hash)).status, 401);
  owner.close();
});

Deno.test("Auth locks out an address after failed logins, for the configured time", async () => {
  const owner = await openOwner({ max_login_attempts: 3, login_lockout_secs: 60 });
  await setUp(owner);
  for (let count = 0; count < 3; count++) {
    equal((await logIn(owner, "wrong horse", FAR)).status, 401);
  }
  const locked = await logIn(owner, PASSWORD, FAR);
  deepEqual([locked.status, locked.headers.get("retry-after")], [429, "60"]);
  equal((await logIn(owner, PASSWORD)).status, 200, "other addresses are not locked");
  owner.system.clock.advance(59_001);
  equal((await logIn(owner, PASSWORD, FAR)).headers.get("retry-after"), "1");
  owner.system.clock.advance(999);
  equal((await logIn(owner, PASSWORD, FAR)).status, 200);
  equal(owner.auth.loginFailures, 3);
  owner.close();
});

Deno.test("Auth allows no more guesses in parallel than one after the other", async () => {
  const owner = await openOwner({ max_login_attempts: 3 });
  await setUp(owner);
  const guesses = Array.from({ length: 10 }, (_, n) => logIn(owner, `wrong horse ${n}`, FAR));
  const statuses = (await Promise.all(guesses)).map(({ status }) => status);
  equal(statuses.filter((status) => status === 401).length, 3);
  equal(statuses.filter((status) => status === 429).length, 7);
  owner.close();
});

Deno.test("Auth answers 429 when an address has too many password checks queued", async () => {
  const owner = await openOwner({ max_login_attempts: 0 });
  await setUp(owner);
  const guesses = Array.from({ length: 40 }, () => logIn(owner, "wrong horse"));
  const answers = await Promise.all(guesses);
  const refused = answers.filter(({ status }) => status === 429);
  equal(refused.length, 31);
  ok(refused.every(({ headers }) => headers.get("retry-after") === "1"));
  equal(answers.filter(({ status }) => status === 401).length, 9, "one and its share that wait");
  owner.close();
});

Deno.test("Auth refuses cross-site logins, logouts and changes", async () => {
  const dashboard_origin = "https://stats.example.com";
  for (const configured of [true, false]) {
    const owner = await openOwner(configured ? { dashboard_origin } : {});
    const own = { headers: { origin: configured ? dashboard_origin : "http://localhost:8000" } };
    const session = (await setUp(owner)).session;
    const calls: [string, string, unknown][] = [
      ["POST", "/api/auth/login", { password: PASSWORD }],
      ["POST", "/api/keys", { name: "n", scope: "Admin" }],
      ["DELETE", "/api/keys/0", undefined],
      ["DELETE", "/api/gdpr/erase?site_id=a&start_date=2024-01-01&end_date=2024-01-01", undefined],
      ["POST", "/read", undefined],
      ["POST", "/api/auth/logout", undefined],
    ];
    const wrong = [
      { origin: "https://evil.example" },
      { origin: "null" },
      { origin: "nonsense" },
      { referer: "https://evil.example/https://stats.example.com/" },
      { origin: "https://evil.example", referer: `${own.headers.origin}/` },
      { origin: "http://localhost:9000" },
      { origin: "https://stats.example.com.evil.example" },
    ] as Record<string, string>[];
    for (const [method, path, body] of calls) {
      const send = async (headers: Record<string, string>) =>
        (await owner.call(method, path, under(session, { body, headers }))).status;
      for (const headers of wrong) {
        equal(await send(headers), 403, `${method} ${path} ${JSON.stringify(headers)}`);
      }
      if (configured) equal(await send({}), 403, `${method} ${path} without Origin`);
      else if (path !== "/api/auth/logout") ok(await send({}) !== 403, `${path} without Origin`);
      if (path !== "/api/auth/logout") {
        ok(await send({ referer: `${own.headers.origin}/settings` }) !== 403, `${path} Referer`);
      }
      ok(await send(own.headers) !== 403, `${method} ${path} from the dashboard`);
    }
    equal((await owner.call("GET", "/read", under(session, own))).status, 401, "logged out");
    owner.close();
  }
});

Deno.test("Auth checks no origin for keys, reads and ingestion", async () => {
  const owner = await openOwner({ dashboard_origin: "https://stats.example.com" });
  const { session } = await setUp(owner);
  const { key } = await owner.keys.create("n", "Admin");
  const elsewhere = { origin: "https://www.example.com" };
  equal((await owner.call("POST", "/ingest", under(session, { headers: elsewhere }))).status, 200);
  equal((await owner.call("GET", "/read", under(session, { headers: elsewhere }))).status, 200);
  const headers = { ...elsewhere, "x-api-key": key };
  equal(
    (await owner.call("POST", "/api/keys", { headers, body: { name: "a", scope: "ReadOnly" } }))
      .status,
    201,
  );
  owner.close();
});

Deno.test("Auth without a password lets everybody read, and loopback administer", async () => {
  const owner = await openOwner();
  const keys = (call: Call) => owner.call("GET", "/api/keys", call);
  equal((await owner.call("GET", "/read", FAR)).status, 200);
  equal((await keys({})).status, 200);
  equal((await keys({ peer: "::1" })).status, 200);
  equal((await keys({ peer: "::ffff:127.0.0.1" })).status, 200);
  equal((await keys({ origin: "http://127.0.0.1:8000" })).status, 200);
  equal((await keys(FAR)).status, 401);
  equal((await keys({ peer: "127.0.0.1", address: "198.51.100.7" })).status, 401);
  equal((await keys({ peer: "198.51.100.7", address: "127.0.0.1" })).status, 401);
  equal((await keys({ peer: "10.0.0.1" })).status, 401);
  equal((await keys({ origin: "http://rebound.example:8000" })).status, 401);
  equal((await keys({ headers: { host: "rebound.example" } })).status, 401);
  const body = { name: "n", scope: "Admin" };
  const forged = { headers: { origin: "https://evil.example" }, body };
  equal((await owner.call("POST", "/api/keys", forged)).status, 403);
  equal((await owner.call("POST", "/api/keys", { body })).status, 201);
  await setUp(owner);
  equal((await keys({})).status, 401, "with a password, loopback is nobody");
  equal((await owner.call("GET", "/read", FAR)).status, 401);
  owner.close();
});

Deno.test("Auth warns once of a proxy that hides its clients, and refuses them", async () => {
  const owner = await openOwner();
  const masked = {
    headers: { "sec-fetch-site": "same-origin", referer: "https://stats.example.com/" },
  };
  const warnings = () =>
    owner.system.lines.filter(({ level, message }) =>
      level === "warn" && message.startsWith("The reverse proxy forwards neither Host")
    ).length;
  equal((await owner.call("GET", "/api/keys", {})).status, 200);
  equal(warnings(), 0);
  for (let count = 0; count < 3; count++) {
    equal((await owner.call("GET", "/api/keys", masked)).status, 401);
    equal((await owner.call("GET", "/read", masked)).status, 200);
  }
  equal(warnings(), 1);
  equal((await owner.call("GET", "/api/keys", { headers: { via: "1.1 proxy" } })).status, 401);
  equal((await owner.call("GET", "/api/keys", {})).status, 200);
  owner.close();
});

Deno.test("Auth limits the rate of reads without a login, by address", async () => {
  const owner = await openOwner();
  const read = async (call: Call) => (await owner.call("GET", "/read", call)).status;
  for (let count = 0; count < ANONYMOUS_REQUESTS_AT_ONCE; count++) equal(await read(FAR), 200);
  const refused = await owner.call("GET", "/read", FAR);
  deepEqual([refused.status, refused.headers.get("retry-after")], [429, "1"]);
  equal(await read({ peer: "198.51.100.8" }), 200, "another address");
  equal(await read({}), 200, "this machine");
  equal((await owner.call("POST", "/ingest", FAR)).status, 200, "events have a rate of their own");
  const { key } = await owner.keys.create("n", "ReadOnly");
  equal(await read({ ...FAR, headers: { "x-api-key": key } }), 200, "a key");
  owner.close();
});

Deno.test("Auth logs neither addresses nor secrets", async () => {
  const owner = await openOwner({ max_login_attempts: 2 });
  const token = owner.auth.setupToken;
  await setUp(owner, FAR);
  const { session } = await setUp(owner, { ...FAR, body: { password: PASSWORD, token } });
  await logIn(owner, "wrong horse", FAR);
  await logIn(owner, "wrong horse", FAR);
  await logIn(owner, "wrong horse", FAR);
  const { key } = await owner.keys.create("n", "Admin");
  const log = JSON.stringify(owner.system.lines);
  ok(owner.system.lines.length >= 3);
  for (const secret of [PASSWORD, "wrong horse", FAR.peer, session, token, key]) {
    ok(!log.includes(String(secret)), String(secret));
  }
  owner.close();
});

/** Logs in and asks for the status, as the dashboard does; the device cookie it is given. */
async function deviceOf(owner: Owner, call: Call = {}): Promise<string> {
  const { session } = await logIn(owner, PASSWORD, call);
  const status = await owner.call("GET", "/api/auth/status", under(session, call));
  const cookie = /mm_device=[^;]+/.exec(status.headers.get("set-cookie") ?? "")?.[0];
  ok(cookie);
  return cookie;
}

Deno.test("Auth locks out no session and no known device, unless it guesses", async () => {
  const owner = await openOwner({ max_login_attempts: 3 });
  await setUp(owner);
  const device = await deviceOf(owner, FAR);
  const { session } = await logIn(owner, PASSWORD, FAR);
  const known = { ...FAR, headers: { cookie: device } };
  for (let count = 0; count < 3; count++) await logIn(owner, "wrong horse", FAR);
  equal((await logIn(owner, PASSWORD, FAR)).status, 429, "a stranger of this address");
  equal((await logIn(owner, PASSWORD, under(session, FAR))).status, 200, "a session");
  equal((await logIn(owner, PASSWORD, known)).status, 200, "a device");
  const forged = { ...FAR, headers: { cookie: `${device.slice(0, -4)}0000` } };
  equal((await logIn(owner, PASSWORD, forged)).status, 429, "a forged device");
  for (let count = 0; count < 3; count++) {
    equal((await logIn(owner, "wrong horse", known)).status, 401);
  }
  equal((await logIn(owner, PASSWORD, known)).status, 429, "a device that guesses");
  owner.close();
  const again = await openOwner({ max_login_attempts: 1, folder: owner.folder });
  await logIn(again, "wrong horse", FAR);
  equal((await logIn(again, PASSWORD, FAR)).status, 429);
  equal((await logIn(again, PASSWORD, known)).status, 200, "devices are known after a restart");
  again.close();
});

Deno.test("Auth lets the owner in while many addresses guess", async () => {
  const owner = await openOwner({ max_login_attempts: 0 });
  await setUp(owner);
  const guesses = Array.from({ length: 64 }, (_, n) => {
    const call = { headers: { "x-forwarded-for": `198.51.100.${n}` } };
    return logIn(owner, "wrong horse", call);
  });
  const right = await Promise.all(
    Array.from(
      { length: 3 },
      (_, n) => logIn(owner, PASSWORD, { headers: { "x-forwarded-for": `203.0.113.${n}` } }),
    ),
  );
  deepEqual(right.map(({ status }) => status), [200, 200, 200]);
  ok((await Promise.all(guesses)).every(({ status }) => status === 401));
  owner.close();
});

Deno.test("Auth counts guesses by the peer unless the proxy is named", async () => {
  const guesses = async (owner: Owner) => {
    await setUp(owner);
    const statuses: number[] = [];
    for (let n = 0; n < 6; n++) {
      const call = { peer: "172.17.0.1", headers: { "x-forwarded-for": `198.51.100.${n}` } };
      statuses.push((await logIn(owner, "wrong horse", call)).status);
    }
    owner.close();
    return statuses;
  };
  deepEqual(await guesses(await openOwner()), [401, 401, 401, 401, 401, 429]);
  const named = { trusted_proxies: ["loopback", "private", "172.17.0.1"] };
  deepEqual(await guesses(await openOwner(named)), [401, 401, 401, 401, 401, 401]);
});

Deno.test("Auth revokes keys made before the password, unless they are kept", async () => {
  const made = async (body: Record<string, unknown>) => {
    const folder = await Deno.makeTempDir();
    const key_hash = "a".repeat(64);
    const created_at = "2024-01-01T00:00:00Z";
    const file = [{ key_hash, name: "original", scope: "Admin", created_at, revoked: false }];
    await Deno.writeTextFile(`${folder}/api_keys.json`, JSON.stringify(file));
    const owner = await openOwner({ folder });
    await owner.call("POST", "/api/keys", { body: { name: "here", scope: "Admin" } });
    const answer = await setUp(owner, { body: { password: PASSWORD, ...body } });
    const told = (answer.body["keys"] as { name: string }[]).map(({ name }) => name).sort();
    deepEqual(told, ["here", "original"]);
    const valid = owner.keys.list().filter(({ revoked }) => !revoked).map(({ name }) => name);
    owner.close();
    return valid.sort();
  };
  deepEqual(await made({}), ["original"]);
  deepEqual(await made({ keep_keys: true }), ["here", "original"]);
});

Deno.test("Auth takes up a password that was set elsewhere; all logins end", async () => {
  const owner = await openOwner();
  const { session } = await setUp(owner);
  const device = await deviceOf(owner);
  await owner.auth.takeUpPassword();
  equal((await owner.call("GET", "/read", under(session))).status, 200, "nothing has changed");
  const { clock, random } = owner.system;
  await resetPassword(owner.store, clock, random, "another horse");
  await owner.auth.takeUpPassword();
  equal((await owner.call("GET", "/read", under(session))).status, 401);
  equal((await logIn(owner, PASSWORD)).status, 401);
  const known = await logIn(owner, "another horse", { headers: { cookie: device } });
  equal(known.status, 200);
  const status = await owner.call("GET", "/api/auth/status", {
    headers: { cookie: `mm_session=${known.session}; ${device}` },
  });
  ok(status.headers.has("set-cookie"), "devices are forgotten too");
  await resetPassword(owner.store, clock, random, null);
  await owner.auth.takeUpPassword();
  equal(owner.auth.configured, false);
  ok(owner.auth.setupToken);
  owner.close();

  const configured = await openOwner({ folder: owner.folder, admin_password: PASSWORD });
  const login = await logIn(configured, PASSWORD);
  await resetPassword(configured.store, clock, random, "a third horse");
  await configured.auth.takeUpPassword();
  equal((await configured.call("GET", "/read", under(login.session))).status, 401);
  equal((await logIn(configured, PASSWORD)).status, 200, "the environment's stays in force");
  configured.close();
});
