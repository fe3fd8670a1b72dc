// The routes of access over a real SQLite file, called as the server calls them: access first,
// then the handler, refusals as JSON.
import { siteNames } from "../storage/sites.ts";
import { authRoutes } from "../../../src/api/access/auth.ts";
import { keyRoutes } from "../../../src/api/access/keys.ts";
import { Auth, type AuthOptions } from "../../../src/auth/auth.ts";
import { eraseRoutes } from "../../../src/api/data/erase.ts";
import type { AskErasure, Erase } from "../../../src/api/data/erase.ts";
import { ApiKeys } from "../../../src/auth/api_keys.ts";
import { readKeysFile } from "../../../src/auth/api_keys_file.ts";
import { PasswordHasher } from "../../../src/auth/password.ts";
import { AppError } from "../../../src/core/errors.ts";
import { json } from "../../../src/http/response.ts";
import type { Route } from "../../../src/http/route.ts";
import {
  OWNER_OPS,
  OWNER_SCHEMA,
  type OwnerStore,
} from "../../../src/storage/state/ops/owner_ops.ts";
import { Sqlite } from "../../../src/storage/state/sqlite.ts";
import { type FakeSystem, fakeSystem } from "../fake_system.ts";

/** What one request of a test says beyond method and path. */
export interface Call {
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly peer?: string;
  readonly address?: string;
  readonly origin?: string;
}

/** An answer, read. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Headers;
  /** Value of mm_session in Set-Cookie, if any. */
  readonly session: string | null;
}

/** The owner's side of a server. */
export interface Owner {
  readonly system: FakeSystem;
  readonly auth: Auth;
  readonly keys: ApiKeys;
  readonly folder: string;
  readonly store: OwnerStore;
  call(method: string, path: string, call?: Call): Promise<Answer>;
  close(): void;
}

const DEFAULTS: AuthOptions = {
  admin_password: null,
  session_ttl_secs: 86_400,
  max_login_attempts: 5,
  login_lockout_secs: 300,
  dashboard_origin: null,
  trusted_proxies: ["loopback", "private"],
  secure: false,
};

/** The operations of the owner's rows on a SQLite file, in this thread. */
export function ownerStore(path: string): OwnerStore & { close(): void } {
  const db = Sqlite.open(path);
  if (!db.get("select 1 from sqlite_master where name = 'api_keys'")) {
    db.exec(`${OWNER_SCHEMA} create table facts (name text primary key, value text not null)`);
  }
  return {
    // deno-lint-ignore require-await -- rejects where the operation throws
    run: async (op, args) => (OWNER_OPS[op] as (db: Sqlite, args: unknown) => never)(db, args),
    close: () => db.close(),
  };
}

/** Opens auth, keys and erasure over `folder` (a new one unless given). */
export async function openOwner(
  options: Partial<AuthOptions> & {
    readonly folder?: string;
    readonly system?: FakeSystem;
    readonly erase?: Erase;
    readonly askErasure?: AskErasure;
  } = {},
): Promise<Owner> {
  const { folder = await Deno.makeTempDir(), system = fakeSystem(), erase, askErasure, ...rest } =
    options;
  const store = ownerStore(`${folder}/mallard.sqlite`);
  const hasher = new PasswordHasher(system.random);
  const imported = await readKeysFile(system.files, system.log, `${folder}/api_keys.json`);
  const keys = await ApiKeys.open(store, system.clock, system.random, imported);
  const auth = await Auth.open(store, hasher, keys, system, { ...DEFAULTS, ...rest });
  const nothing: Erase = () =>
    Promise.resolve({ db_records_deleted: 0, parquet_partitions_deleted: 0, events_deleted: 0 });
  const routes = [
    ...authRoutes(auth),
    ...keyRoutes(keys, system.clock),
    ...eraseRoutes(
      erase ?? nothing,
      siteNames(),
      store,
      system.clock,
      askErasure ?? (() => Promise.resolve(null)),
    ),
    { method: "GET", path: "/read", right: "read", handle: () => json("read") } as Route,
    { method: "POST", path: "/read", right: "read", handle: () => json("read") } as Route,
    { method: "POST", path: "/ingest", right: "ingest", handle: () => json("in") } as Route,
  ];
  return {
    system,
    auth,
    keys,
    folder,
    store,
    call: (method, path, call = {}) => answer(routes, auth, system, method, path, call),
    close() {
      hasher.close();
      store.close();
    },
  };
}

async function answer(
  routes: readonly Route[],
  auth: Auth,
  system: FakeSystem,
  method: string,
  path: string,
  { body, headers = {}, peer = "127.0.0.1", address = peer, origin = "http://localhost:8000" }:
    Call,
): Promise<Answer> {
  const request = new Request(`${origin}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const response = await handle(routes, auth, system, request, { peer, address });
  const text = await response.text();
  const cookie = response.headers.get("set-cookie") ?? "";
  return {
    status: response.status,
    body: text === "" ? null : JSON.parse(text),
    headers: response.headers,
    session: /(?:^|, )mm_session=([^;]*)/.exec(cookie)?.[1] ?? null,
  };
}

async function handle(
  routes: readonly Route[],
  auth: Auth,
  system: FakeSystem,
  request: Request,
  caller: { peer: string; address: string },
): Promise<Response> {
  const url = new URL(request.url);
  try {
    const found = routes.map((route) => ({ route, params: match(route.path, url.pathname) }))
      .find(({ route, params }) => params && route.method === request.method);
    if (!found?.params) throw new AppError("not_found", "Cannot find this");
    const access = auth.accessOf(request, caller);
    auth.authorize(request, found.route, access, caller);
    return await found.route.handle({
      request,
      url,
      params: found.params,
      ...caller,
      guardedAddress: caller.address,
      requestId: "",
      log: system.log,
      access,
      signal: request.signal,
    });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return json({ error: error.message }, error.status, error.headers);
  }
}

function match(pattern: string, path: string): Record<string, string> | null {
  const [wanted, given] = [pattern.split("/"), path.split("/")];
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [at, part] of wanted.entries()) {
    if (part.startsWith(":")) params[part.slice(1)] = decodeURIComponent(given[at] ?? "");
    else if (part !== given[at]) return null;
  }
  return params;
}
