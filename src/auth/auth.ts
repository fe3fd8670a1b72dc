// Authentication: the one place where a password, a login or an API key becomes an Access. It
// holds the owner's password only as a hash.
import type { Access, Right } from "../core/access.ts";
import { AppError } from "../core/errors.ts";
import type { Context, Route } from "../http/route.ts";
import type { Clock, Log, Random } from "../core/types.ts";
import type { OwnerStore } from "../storage/state/ops/owner_ops.ts";
import { readJsonObject } from "../http/body.ts";
import { presentedKeys, sessionCookie, sessionCookies } from "./credentials.ts";
import type { ApiKeys } from "./api_keys.ts";
import { type Caller, localityOf } from "./locality.ts";
import { Lockout } from "./lockout.ts";
import { requireOrigin } from "./origin.ts";
import { checkNewPassword, isPasswordHash, type PasswordHasher } from "./password.ts";
import { CallerRates } from "./rates.ts";
import { requireRight } from "./rights.ts";
import { sameSecret } from "./secrets.ts";
import { Sessions } from "./sessions.ts";

const SETUP_TOKEN_BYTES = 16;

/** The settings that access depends on, by their names. */
export interface AuthOptions {
  /** A password or its PHC string; it takes precedence over a stored one. */
  readonly admin_password: string | null;
  readonly session_ttl_secs: number;
  readonly max_login_attempts: number;
  readonly login_lockout_secs: number;
  readonly dashboard_origin: string | null;
  /** Whether browsers reach the server by TLS only; if so, cookies are Secure. */
  readonly secure: boolean;
  /** Sites whose statistics are public. */
  readonly publicSites?: () => readonly string[];
}

/** The parts of System that access needs. */
interface AuthSystem {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const PROXIED =
  "The reverse proxy forwards neither Host nor X-Forwarded-For: its clients look local and may " +
  "administer until a password is set";

const OPEN: ReadonlySet<Right> = new Set(["public", "ingest"]);
const READER: ReadonlySet<Right> = new Set(["public", "ingest", "read"]);
const ADMIN: ReadonlySet<Right> = new Set(["public", "ingest", "read", "admin"]);

/** The owner's password and logins, and what each caller may do. */
export class Auth {
  readonly #store: OwnerStore;
  readonly #hasher: PasswordHasher;
  readonly #keys: ApiKeys;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #options: AuthOptions;
  readonly #sessions: Sessions;
  readonly #lockout: Lockout;
  readonly #rates: CallerRates;
  #hash: string | null;
  #setupToken: string | null;
  #loginFailures = 0;
  #hasWarned = false;

  private constructor(
    store: OwnerStore,
    hasher: PasswordHasher,
    keys: ApiKeys,
    system: AuthSystem,
    options: AuthOptions,
    hash: string | null,
  ) {
    this.#store = store;
    this.#hasher = hasher;
    this.#keys = keys;
    this.#clock = system.clock;
    this.#log = system.log;
    this.#options = options;
    this.#hash = hash;
    this.#sessions = new Sessions(system.clock, system.random, options.session_ttl_secs);
    this.#lockout = new Lockout(system.clock, {
      attemptsMax: options.max_login_attempts,
      lockSecs: options.login_lockout_secs,
    });
    this.#rates = new CallerRates(system.clock);
    this.#setupToken = hash === null ? system.random.bytes(SETUP_TOKEN_BYTES).toHex() : null;
  }

  /** Reads the stored password, unless one is configured. Rejects with the store's error. */
  static async open(
    store: OwnerStore,
    hasher: PasswordHasher,
    keys: ApiKeys,
    system: AuthSystem,
    options: AuthOptions,
  ): Promise<Auth> {
    const { admin_password, ...rest } = options;
    const hash = admin_password === null
      ? await store.run("getPassword", undefined)
      : isPasswordHash(admin_password)
      ? admin_password
      : await hasher.hash(admin_password);
    return new Auth(store, hasher, keys, system, { ...rest, admin_password: null }, hash);
  }

  /** Whether there is a password. */
  get configured(): boolean {
    return this.#hash !== null;
  }

  /** Failed logins since the start. */
  get loginFailures(): number {
    return this.#loginFailures;
  }

  /** The token that allows the first setup from another machine: printed at start, never logged. */
  get setupToken(): string | null {
    return this.#setupToken;
  }

  /** Forgets addresses whose lockouts and rates have ended; called every minute. */
  forgetAddresses(): void {
    this.#lockout.forgetExpired();
    this.#rates.forgetIdle();
  }

  /** The caller of a request and its rights. Throws `too_many_requests` for a busy key. */
  accessOf(request: Request, caller: Caller): Access {
    const key = presentedKeys(request.headers).map((text) => this.#keys.find(text))
      .find((found) => found !== null);
    if (key) {
      this.#rates.takeKey(key.key_hash);
      return access("key", key.scope === "Admin" ? ADMIN : READER);
    }
    if (sessionCookies(request.headers).some((token) => this.#sessions.has(token))) {
      return access("session", ADMIN);
    }
    if (this.#hash !== null) return this.#anonymous();
    return this.#isLocal(request, caller) ? access("local", ADMIN) : access("nobody", READER);
  }

  /** Whether the client is on this machine; warns once of a proxy that hides its clients. */
  #isLocal(request: Request, caller: Caller): boolean {
    const locality = localityOf(request, caller);
    if (locality === "proxied" && !this.#hasWarned) {
      this.#hasWarned = true;
      this.#log("warn", PROXIED);
    }
    return locality === "local";
  }

  /** A caller without login or key: may read the sites that their owner made public. */
  #anonymous(): Access {
    const sites = this.#options.publicSites?.() ?? [];
    return sites.length > 0 ? { ...access("nobody", READER), sites } : access("nobody", OPEN);
  }

  /**
   * Refuses a request whose caller lacks the route's right or exceeds the rate of anonymous
   * requests, and a cross-site change (CSRF). Throws `unauthorized`, `too_many_requests` or
   * `forbidden`.
   */
  authorize(
    request: Request,
    route: Pick<Route, "right">,
    access: Access,
    { address }: Pick<Caller, "address">,
  ): void {
    requireRight(access, route.right);
    if (route.right !== "read" && route.right !== "admin") return;
    if (access.who === "nobody") this.#rates.takeAnonymous(address);
    if (["GET", "HEAD", "OPTIONS"].includes(request.method)) return;
    const { dashboard_origin } = this.#options;
    if (access.who === "session") requireOrigin(request, dashboard_origin);
    if (access.who === "local") {
      requireOrigin(request, dashboard_origin, { missingAllowed: true });
    }
  }

  /** Stores the first password; resolves with the token of a login. */
  async setUp(context: Context): Promise<string> {
    const { request } = context;
    requireOrigin(request, this.#options.dashboard_origin, { missingAllowed: true });
    const body = await readJsonObject(request, this.#clock);
    const conflict = () =>
      new AppError("conflict", "Cannot set the first password: a password is set already");
    if (this.#hash !== null) throw conflict();
    const password = checkNewPassword(body["password"]);
    if (!this.#isLocal(request, context)) this.#checkSetupToken(context, body["token"]);
    const hash = await this.#hasher.hash(password);
    const kept = await this.#store.run("setPassword", {
      hash,
      atMs: this.#clock.nowMs(),
      replace: false,
    });
    if (!kept) throw conflict();
    this.#hash = hash;
    this.#setupToken = null;
    context.log("info", "Password set");
    return this.#sessions.open();
  }

  /** Checks the password; resolves with the token of a login. */
  async logIn(context: Context): Promise<string> {
    requireOrigin(context.request, this.#options.dashboard_origin);
    const hash = this.#hash;
    if (hash === null) {
      throw new AppError("bad_request", "Cannot log in: no password is set yet");
    }
    const attempt = this.#lockout.begin(context.address);
    try {
      const { password } = await readJsonObject(context.request, this.#clock);
      if (typeof password !== "string") {
        throw new AppError("bad_request", "Cannot log in: `password` is not a string");
      }
      if (await this.#hasher.verify(hash, password)) {
        attempt.passed();
        return this.#sessions.open();
      }
      this.#fail(context.log, attempt);
    } finally {
      attempt.end();
    }
    throw new AppError("unauthorized", "Cannot log in: the password is wrong");
  }

  /** Ends the login of this request, if there is one. */
  logOut(request: Request): void {
    requireOrigin(request, this.#options.dashboard_origin);
    for (const token of sessionCookies(request.headers)) this.#sessions.end(token);
  }

  /** The cookie that carries a token; an empty token deletes it. */
  cookie(token: string): string {
    const { session_ttl_secs, secure } = this.#options;
    return sessionCookie(token, { lifeSecs: session_ttl_secs, secure });
  }

  #checkSetupToken({ address, log }: Context, token: unknown): void {
    const attempt = this.#lockout.begin(address);
    if (
      typeof token === "string" && this.#setupToken !== null &&
      sameSecret(token, this.#setupToken)
    ) {
      attempt.passed();
      return;
    }
    if (typeof token === "string") this.#fail(log, attempt);
    else attempt.end();
    throw new AppError(
      "forbidden",
      "Cannot set the first password from here: use http://localhost on the server itself, or " +
        "send the `token` that the server printed at start",
    );
  }

  #fail(log: Log, attempt: { failed(): void }): void {
    attempt.failed();
    this.#loginFailures++;
    log("warn", "Login failed");
  }
}

function access(who: Access["who"], rights: ReadonlySet<Right>): Access {
  return { who, rights, sites: null };
}
