// Every route × every kind of caller: who gets in, who has to log in, who may not.
import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
import type { Right } from "../../src/core/access.ts";
import { BREAKDOWNS } from "../../src/query/breakdowns.ts";
import { REPORTS } from "../../src/query/reports.ts";
import { openApp, type RunningApp, type Sent } from "../support/running_app.ts";

const PASSWORD = "correct horse";
const FAR = "198.51.100.7";

interface Row {
  readonly right: Right;
  readonly method: string;
  readonly path: string;
  readonly body?: string;
}

function row(right: Right, line: string, body?: string): Row {
  const [method = "", path = ""] = line.split(" ");
  return { right, method, path, ...(body === undefined ? {} : { body }) };
}

const EVENT = JSON.stringify({ d: "example.com", n: "pageview", u: "https://example.com/" });
const SITE = "site_id=example.com";
const KEY = JSON.stringify({ name: "n", scope: "ReadOnly" });

/** Parameters without which a report answers 400. */
const REPORT_PARAMS: Readonly<Record<string, string>> = {
  funnel: "&steps=page:/,event:a",
  sequences: "&steps=page:/,event:a",
  flow: "&page=/",
};

/** The table of rights: what each route needs of its caller. */
const ROUTES: readonly Row[] = [
  row("ingest", "POST /api/event", EVENT),
  row("ingest", "GET /api/event?d=example.com&u=/"),
  row("ingest", "OPTIONS /api/event"),
  row("public", "GET /"),
  row("public", "GET /mallard.js"),
  row("public", "GET /health"),
  row("public", "GET /health/ready"),
  row("public", "GET /health/detailed"),
  row("public", "GET /metrics"),
  row("public", "GET /privacy"),
  row("public", "GET /robots.txt"),
  row("public", "GET /.well-known/security.txt"),
  row("public", "GET /api/auth/status"),
  row("public", "POST /api/auth/setup", "{}"),
  ...Object.keys(REPORTS).map((name) =>
    row("read", `GET /api/stats/${name}?${SITE}${REPORT_PARAMS[name] ?? ""}`)
  ),
  ...Object.keys(BREAKDOWNS).map((name) => row("read", `GET /api/stats/breakdown/${name}?${SITE}`)),
  row("read", "GET /api/sites"),
  row("admin", "GET /api/keys"),
  row("admin", "POST /api/keys", KEY),
  row("admin", `DELETE /api/keys/${"0".repeat(64)}`),
  row("admin", `DELETE /api/gdpr/erase?${SITE}&start_date=2020-01-01&end_date=2020-01-02`),
  row("admin", "GET /api/gdpr/erasures"),
  row("admin", "POST /api/import", "{}"),
];

/** Routes whose answer depends on the password they carry, not on who sends them. */
const LOGINS = ["/api/auth/login", "/api/auth/logout"];

interface Callers {
  readonly app: RunningApp;
  readonly headers: Readonly<Record<string, Record<string, string>>>;
}

async function call(app: RunningApp, { method, path, body }: Row, sent: Sent): Promise<number> {
  const response = await app.send(path, {
    method,
    peer: FAR,
    ...sent,
    ...(body === undefined ? {} : { body }),
  });
  await response.body?.cancel();
  return response.status;
}

async function logIn(app: RunningApp): Promise<string> {
  const body = JSON.stringify({ password: PASSWORD });
  const response = await app.send("/api/auth/login", { method: "POST", body });
  return `mm_session=${(await response.json()).token}`;
}

async function openCallers(): Promise<Callers> {
  const app = await openApp({
    MALLARD_ADMIN_PASSWORD: PASSWORD,
    MALLARD_SESSION_TTL: "3600",
  });
  const expired = await logIn(app);
  app.system.clock.advance(3_600_000);
  const session = { cookie: await logIn(app) };
  const key = async (scope: string, revoke = false) => {
    const headers = { "x-api-key": "", ...session };
    const body = JSON.stringify({ name: "n", scope });
    const made = await (await app.send("/api/keys", { method: "POST", headers, body })).json();
    if (revoke) await app.send(`/api/keys/${made.key_hash}`, { method: "DELETE", headers });
    return { "x-api-key": String(made.key) };
  };
  return {
    app,
    headers: {
      nobody: {},
      session,
      reader: await key("ReadOnly"),
      admin: await key("Admin"),
      revoked: await key("Admin", true),
      expired: { cookie: expired },
    },
  };
}

/** What each caller gets: through, or the status of the refusal. */
const EXPECTED: Readonly<Record<string, Readonly<Record<Right, number | "in">>>> = {
  nobody: { public: "in", ingest: "in", read: 401, admin: 401 },
  revoked: { public: "in", ingest: "in", read: 401, admin: 401 },
  expired: { public: "in", ingest: "in", read: 401, admin: 401 },
  reader: { public: "in", ingest: "in", read: "in", admin: 403 },
  session: { public: "in", ingest: "in", read: "in", admin: "in" },
  admin: { public: "in", ingest: "in", read: "in", admin: "in" },
};

Deno.test("every route lets in exactly the callers of its right", async () => {
  const { app, headers } = await openCallers();
  for (const route of ROUTES) {
    for (const [caller, rights] of Object.entries(EXPECTED)) {
      const status = await call(app, route, { headers: headers[caller] ?? {} });
      const expected = rights[route.right];
      const what = `${caller}: ${route.method} ${route.path} answered ${status}`;
      if (expected === "in") ok(![401, 403].includes(status) && status < 500, what);
      else equal(status, expected, what);
    }
  }
  await app.close();
});

Deno.test("without a password, reading is open, administration is for this machine", async () => {
  const app = await openApp();
  for (const route of ROUTES) {
    if (route.path === "/api/auth/setup") continue;
    const far = await call(app, route, {});
    const what = `${route.method} ${route.path} answered ${far}`;
    if (route.right === "admin") equal(far, 401, what);
    else ok(![401, 403].includes(far), what);
    const near = await call(app, route, { peer: "127.0.0.1" });
    ok(![401, 403].includes(near), `here: ${route.method} ${route.path} answered ${near}`);
    const behind = { peer: "127.0.0.1", headers: { "x-forwarded-for": FAR } };
    if (route.right === "admin") equal(await call(app, route, behind), 401);
  }
  await app.close();
});

Deno.test("every route of the program stands in the table of rights", async () => {
  const app = await openApp({ MALLARD_ADMIN_PASSWORD: PASSWORD });
  const paths = new Map<string, Set<string>>();
  for (const { method, path } of ROUTES) {
    const bare = path.split("?")[0] ?? "";
    paths.set(bare, (paths.get(bare) ?? new Set()).add(method));
  }
  for (const [path, methods] of paths) {
    const response = await app.send(path, { method: "MOVE" });
    equal(response.status, 405, path);
    const allowed = (response.headers.get("allow") ?? "").split(", ");
    deepEqual(allowed.filter((method) => method !== "HEAD").sort(), [...methods].sort(), path);
    await response.body?.cancel();
  }
  for (const path of await pathsInSource()) {
    const { status } = await app.send(path.replace(/:\w+/g, "x"), { method: "MOVE" });
    if (status === 404) continue; // Written, but not put into the program yet.
    const listed = [...paths.keys(), ...LOGINS].some((known) =>
      known === path || path.includes("/:") && matches(path, known)
    );
    ok(listed, `${path} is not in the table`);
  }
  await app.close();
});

function matches(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern.split("/"), path.split("/")];
  return wanted.length === given.length &&
    wanted.every((part, at) => part.startsWith(":") || part === given[at]);
}

/** Every path that a source gives a route. */
async function pathsInSource(): Promise<string[]> {
  const paths: string[] = [];
  for (const folder of ["api", "ingest"]) {
    const url = new URL(`../../src/${folder}/`, import.meta.url);
    for await (const { name } of Deno.readDir(url)) {
      const text = await Deno.readTextFile(new URL(name, url));
      for (const [, path = ""] of text.matchAll(/\bpath(?:: | = |\b.*=> )"(\/[^"]*)"/gi)) {
        paths.push(path);
      }
    }
  }
  return paths;
}
