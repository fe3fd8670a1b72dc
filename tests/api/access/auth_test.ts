import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
import { type Answer, type Call, openOwner, type Owner } from "../../support/server/owner.ts";

const PASSWORD = "correct horse";

function setUp(owner: Owner, call: Call = {}): Promise<Answer> {
  return owner.call("POST", "/api/auth/setup", { body: { password: PASSWORD }, ...call });
}

function logIn(owner: Owner, password: unknown, call: Call = {}): Promise<Answer> {
  return owner.call("POST", "/api/auth/login", { body: { password }, ...call });
}

function under(session: string | null): Call {
  return { headers: { cookie: `mm_session=${session}` } };
}

Deno.test("authRoutes() set the first password, log in, show the status and log out", async () => {
  const owner = await openOwner();
  deepEqual((await owner.call("GET", "/api/auth/status")).body, {
    setup_required: true,
    authenticated: false,
    rights: ["public", "ingest", "read", "admin"],
  });
  equal((await logIn(owner, PASSWORD)).status, 400);
  const first = await setUp(owner);
  equal(first.status, 200);
  deepEqual(Object.keys(first.body), ["token"]);
  equal(first.body["token"], first.session);
  equal((await setUp(owner)).status, 409);

  equal((await logIn(owner, "wrong horse")).status, 401);
  equal((await logIn(owner, "")).status, 401);
  const login = await logIn(owner, PASSWORD);
  equal(login.status, 200);
  ok(/^[0-9a-f]{64}$/.test(String(login.body["token"])), "256 bits in hex");
  ok(login.body["token"] !== first.body["token"], "every login has its own token");
  const status = await owner.call("GET", "/api/auth/status", under(login.session));
  equal(status.body["authenticated"], true);
  equal(status.body["setup_required"], false);
  equal((await owner.call("GET", "/api/auth/status")).body["authenticated"], false);

  const out = await owner.call("POST", "/api/auth/logout", under(login.session));
  deepEqual([out.status, out.body], [200, { status: "logged_out" }]);
  equal(
    out.headers.get("set-cookie"),
    "mm_session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0",
  );
  equal((await owner.call("GET", "/read", under(login.session))).status, 401);
  equal((await owner.call("GET", "/read", under(first.session))).status, 200);
  owner.close();
});

Deno.test("authRoutes() set the cookie with the configured attributes", async () => {
  const owner = await openOwner({ session_ttl_secs: 60, secure: true });
  const { headers, session } = await setUp(owner);
  equal(
    headers.get("set-cookie"),
    `__Host-mm_session=${session}; HttpOnly; SameSite=Strict; Path=/; Max-Age=60; Secure, ` +
      `mm_session=${session}; HttpOnly; SameSite=Strict; Path=/; Max-Age=60; Secure`,
  );
  owner.close();
});

Deno.test("authRoutes() answer 400 to an invalid setup or login", async () => {
  const owner = await openOwner();
  for (
    const body of [
      "",
      "{",
      "[]",
      "null",
      '"text"',
      {},
      { password: 12345678 },
      {
        password: "1234567",
      },
      { password: null },
      { password: "x".repeat(1025) },
    ]
  ) {
    equal((await setUp(owner, { body })).status, 400, JSON.stringify(body));
  }
  equal((await setUp(owner, { body: { password: "x".repeat(20_000) } })).status, 413);
  equal((await setUp(owner, { body: { password: "🦆".repeat(8) } })).status, 200);
  for (const body of ["", "[]", {}, { password: null }]) {
    equal((await logIn(owner, "", { body })).status, 400, JSON.stringify(body));
  }
  equal((await logIn(owner, "🦆".repeat(8))).status, 200);
  owner.close();
});
