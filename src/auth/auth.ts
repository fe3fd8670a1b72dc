// Authentication: the one place where a password, a login or an API key becomes an Access. It
// holds the owner's password only as a hash.
import { type Access, OWNER_PEER, type Right } from "../core/access.ts";
import { AppError, messageOf } from "../core/errors.ts";
import { DEVICE_DAYS } from "../core/limits.ts";
import type { Context, Route } from "../http/route.ts";
import type { Clock, Log, Random } from "../core/types.ts";
import type { EndedLogin, KeyRow, OwnerStore } from "../storage/state/ops/owner_ops.ts";
import { readJsonObject } from "../http/body.ts";
import { clientAddress, namedProxies } from "../net/proxies.ts";
import type { AddressRanges } from "../net/ranges.ts";
import { UnnamedProxies } from "../net/unnamed_proxies.ts";
import {
  type CookieOptions,
  deviceCookie,
  presentedDevices,
  presentedKeys,
  presentedSessions,
  sessionCookies,
} from "./credentials.ts";
import type { ApiKeys } from "./api_keys.ts";
import { Devices, LoginGuard } from "./devices.ts";
import { type Caller, localityOf } from "./locality.ts";
import { Lockout } from "./lockout.ts";
import { requireOrigin } from "./origin.ts";
import { checkNewPassword, isPasswordHash, type PasswordHasher } from "./password.ts";
import { CallerRates } from "./rates.ts";
import { requireRight } from "./rights.ts";
import { sameSecret, sha256Hex } from "./secrets.ts";
import { type Logins, Sessions, SignedSessions } from "./sessions.ts";

const SETUP_TOKEN_BYTES = 16;
const DEVICE_KEY_BYTES = 32;

/** The settings that access depends on, by their names. */
export interface AuthOptions {
  /** A password or its PHC string; it takes precedence over a stored one. */
  readonly admin_password: string | null;
  readonly session_ttl_secs: number;
  readonly max_login_attempts: number;
  readonly login_lockout_secs: number;
  readonly dashboard_origin: string | null;
  readonly trusted_proxies: readonly string[];
  /** Whether browsers reach the server by TLS only; if so, cookies are Secure. */
  readonly secure: boolean;
  /** Sites whose statistics are public. */
  readonly publicSites?: () => readonly string[];
  /** The id under which a site is known. */
  readonly siteIdOf?: (site: string) => string;
  /** Whether other servers know the logins: signed ones, instead of those in memory. */
  readonly sharesLogins?: boolean;
  /** Shows the owner a token that was made after the start. */
  readonly tellSetupToken?: (token: string) => void;
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

const DAY_SECS = 86_400;

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
  readonly #random: Random;
  readonly #sessions: Logins;
  /** The same where other servers know them. */
  readonly #signed: SignedSessions | null;
  /** Of a password in the environment; logins end with it. */
  readonly #passwordMark: string;
  #deviceKey: string;
  /** Logins whose end other servers have not been told. */
  #untold: readonly EndedLogin[] = [];
  readonly #devices: Devices;
  readonly #guard: LoginGuard;
  readonly #named: AddressRanges;
  readonly #unnamed: UnnamedProxies;
  readonly #lockout: Lockout;
  readonly #rates: CallerRates;
  #hash: string | null;
  /** The hash in the store, as it was seen last. */
  #stored: string | null;
  #setupToken: string | null;
  #loginFailures = 0;
  #hasWarned = false;

  private constructor(
    store: OwnerStore,
    hasher: PasswordHasher,
    keys: ApiKeys,
    system: AuthSystem,
    options: AuthOptions,
    { hash, stored, deviceKey, passwordMark }: {
      readonly hash: string | null;
      readonly stored: string | null;
      readonly deviceKey: string;
      readonly passwordMark: string;
    },
  ) {
    this.#store = store;
    this.#hasher = hasher;
    this.#keys = keys;
    this.#clock = system.clock;
    this.#log = system.log;
    this.#random = system.random;
    this.#options = options;
    this.#hash = hash;
    this.#stored = stored;
    this.#passwordMark = passwordMark;
    this.#deviceKey = deviceKey;
    const { session_ttl_secs: lifeSecs } = options;
    const { clock, random } = system;
    this.#signed = options.sharesLogins
      ? new SignedSessions(clock, random, lifeSecs, this.#loginKey(deviceKey))
      : null;
    this.#sessions = this.#signed ?? new Sessions(clock, random, lifeSecs);
    this.#lockout = new Lockout(system.clock, {
      attemptsMax: options.max_login_attempts,
      lockSecs: options.login_lockout_secs,
    });
    this.#devices = new Devices(system.clock, system.random, deviceKey);
    this.#guard = new LoginGuard(this.#lockout, this.#devices);
    this.#rates = new CallerRates(system.clock);
    this.#named = namedProxies(options.trusted_proxies);
    this.#unnamed = new UnnamedProxies(system.log, options.trusted_proxies, this.#named);
    this.#setupToken = hash === null ? freshSetupToken(system.random) : null;
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
    const stored = await store.run("getPassword", undefined);
    const hash = admin_password === null
      ? stored
      : isPasswordHash(admin_password)
      ? admin_password
      : await hasher.hash(admin_password);
    const deviceKey = await firstDeviceKey(store, system);
    await store.run("notePasswordSource", admin_password === null ? "stored" : "environment");
    // Of a password in the environment only the hash is kept.
    const own = { ...rest, admin_password: admin_password === null ? null : hash };
    const passwordMark = admin_password === null ? "" : sha256Hex(admin_password);
    const known = { hash, stored, deviceKey, passwordMark };
    const auth = new Auth(store, hasher, keys, system, own, known);
    auth.#signed?.takeUp(await store.run("listEndedLogins", undefined));
    return auth;
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

  /** The line that names a proxy which sends forwarding headers; null where none is missing. */
  get missingProxy(): string | null {
    return this.#unnamed.line;
  }

  /** Forgets addresses whose lockouts and rates have ended; called every minute. */
  forgetAddresses(): void {
    this.#lockout.forgetExpired();
    this.#rates.forgetIdle();
  }

  /** The caller of a request and its rights. Throws `too_many_requests` for a busy key. */
  accessOf(request: Request, caller: Caller): Access {
    const found = this.#rightsOf(request, caller);
    const { siteIdOf } = this.#options;
    return siteIdOf ? { ...found, siteIdOf } : found;
  }

  /** Looks for a proxy that is not named. */
  notice(peer: string, headers: Headers): void {
    this.#unnamed.notice(peer, headers);
  }

  #rightsOf(request: Request, caller: Caller): Access {
    if (caller.peer === OWNER_PEER) return access("local", ADMIN);
    this.notice(caller.peer, request.headers);
    const key = presentedKeys(request.headers).map((text) => this.#keys.find(text))
      .find((found) => found !== null);
    if (key) {
      this.#rates.takeKey(key.key_hash);
      const rateLeft = () => this.#rates.leftOfKey(key.key_hash);
      return { ...access("key", key.scope === "Admin" ? ADMIN : READER), rateLeft };
    }
    if (this.#hasSession(request)) return access("session", ADMIN);
    if (this.#hash !== null) {
      const rateLeft = () => this.#rates.leftOfAddress(this.#guardedAddress(request, caller));
      return { ...this.#anonymous(), rateLeft };
    }
    return this.#isLocal(request, caller) ? access("local", ADMIN) : access("nobody", READER);
  }

  #hasSession({ headers }: Request): boolean {
    return presentedSessions(headers).some((token) => this.#sessions.has(token));
  }

  /**
   * The address for rate limits and lockout: the client's if every proxy in between is named,
   * else that of the nearest proxy that is not named.
   */
  #guardedAddress({ headers }: Request, { peer }: Pick<Caller, "peer">): string {
    return clientAddress(peer, headers, this.#named);
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
    caller: Pick<Caller, "peer">,
  ): void {
    requireRight(access, route.right);
    if (route.right !== "read" && route.right !== "admin") return;
    if (access.who === "nobody") this.#rates.takeAnonymous(this.#guardedAddress(request, caller));
    if (["GET", "HEAD", "OPTIONS"].includes(request.method)) return;
    const { dashboard_origin } = this.#options;
    if (access.who === "session") requireOrigin(request, dashboard_origin);
    if (access.who === "local") {
      requireOrigin(request, dashboard_origin, { missingAllowed: true });
    }
  }

  /**
   * Stores the first password; resolves with the token of a login and the keys that were valid
   * before. Those made here are revoked unless `keep_keys` is true: anybody could make them.
   */
  async setUp(context: Context): Promise<{ token: string; keys: readonly KeyRow[] }> {
    const { request } = context;
    requireOrigin(request, this.#options.dashboard_origin, { missingAllowed: true });
    const body = await readJsonObject(request, this.#clock);
    const conflict = () =>
      new AppError("conflict", "Cannot set the first password: a password is set already");
    if (this.#hash !== null) throw conflict();
    const password = checkNewPassword(body["password"]);
    if (!this.#isLocal(request, context)) this.#checkSetupToken(context, body["token"]);
    const address = this.#guardedAddress(request, context);
    const hash = await this.#hasher.hash(password, { key: address, isKnown: false });
    const kept = await this.#store.run("setPassword", {
      hash,
      atMs: this.#clock.nowMs(),
      replace: false,
    });
    if (!kept) throw conflict();
    this.#hash = hash;
    this.#stored = hash;
    this.#setupToken = null;
    await this.#renewDevices();
    const valid = this.#keys.list().filter(({ revoked }) => !revoked);
    const keys = body["keep_keys"] === true ? valid : await this.#keys.revokeMadeHere();
    context.log("info", "Password set");
    return { token: this.#sessions.open(), keys };
  }

  /**
   * Takes up a password that the command line has set or removed: all logins end. One from the
   * environment remains valid. Rejects with the store's error.
   */
  async takeUpPassword(): Promise<void> {
    const stored = await this.#store.run("getPassword", undefined);
    if (stored === this.#stored) return;
    this.#stored = stored;
    this.#sessions.endAll();
    if (this.#options.admin_password === null) {
      this.#hash = stored;
      this.#setupToken = stored === null ? freshSetupToken(this.#random) : null;
      if (this.#setupToken !== null) this.#options.tellSetupToken?.(this.#setupToken);
    }
    const where = this.#signed ? "elsewhere" : "from the command line";
    this.#log("warn", `Password changed ${where}: all logins have ended`);
    await this.#renewDevices();
  }

  /** Takes up the logins that other servers have ended, and tells them those ended here. */
  async takeUpLogins(): Promise<void> {
    if (this.#signed === null) return;
    await this.#renewDevices();
    const untold = this.#untold;
    if (untold.length > 0) {
      await this.#store.run("endLogins", { ended: untold, nowMs: this.#clock.nowMs() });
      this.#untold = this.#untold.filter((login) => !untold.includes(login));
    }
    this.#signed.takeUp(await this.#store.run("listEndedLogins", undefined));
  }

  #loginKey(deviceKey: string): string {
    return `${deviceKey} ${this.#passwordMark}`;
  }

  async #renewDevices(): Promise<void> {
    const key = await this.#store.run("deviceKey", freshDeviceKey(this.#random));
    this.#signed?.renew(this.#loginKey(key));
    if (key === this.#deviceKey) return;
    this.#deviceKey = key;
    this.#devices.renew(key);
    this.#guard.forget();
  }

  /**
   * Checks the password; resolves with the token of a login, and with the name that an API client
   * gives. Such a client has no Origin, and gets no cookie.
   */
  async logIn(context: Context): Promise<{ token: string; username: string | null }> {
    const isClient = !context.request.headers.has("origin") &&
      !context.request.headers.has("referer");
    requireOrigin(context.request, this.#options.dashboard_origin, { missingAllowed: isClient });
    const hash = this.#hash;
    if (hash === null) {
      throw new AppError("bad_request", "Cannot log in: no password is set yet");
    }
    const { request } = context;
    const address = this.#guardedAddress(request, context);
    const { attempt, turn } = this.#guard.begin(request, address, this.#hasSession(request));
    try {
      const { password, username } = await readJsonObject(request, this.#clock);
      const name = typeof username === "string" ? username : null;
      // A page of another site may leave its Origin out.
      if (name === null) requireOrigin(request, this.#options.dashboard_origin);
      if (typeof password !== "string") {
        throw new AppError("bad_request", "Cannot log in: `password` is not a string");
      }
      if (await this.#hasher.verify(hash, password, turn)) {
        attempt.passed();
        this.#guard.passed(address);
        return { token: this.#sessions.open(), username: name };
      }
      this.#fail(context.log, attempt);
    } finally {
      attempt.end();
    }
    throw new AppError("unauthorized", "Cannot log in: the password is wrong");
  }

  /** Ends the login of this request, if there is one. */
  async logOut(request: Request): Promise<void> {
    const { headers } = request;
    // No other site's page can make a browser send this header.
    const isBearer = headers.has("authorization") && !headers.has("cookie");
    requireOrigin(request, this.#options.dashboard_origin, { missingAllowed: isBearer });
    const ended = presentedSessions(headers).map((token) => this.#sessions.end(token))
      .filter((login) => login !== null);
    if (ended.length === 0) return;
    this.#untold = [...this.#untold, ...ended];
    await this.takeUpLogins().catch((error) =>
      this.#log("warn", "Ended a login on this server alone: others are told later", {
        reason: messageOf(error),
      })
    );
  }

  /** The cookies that carry a token, in their order; an empty token deletes them. */
  cookies(token: string): string[] {
    return sessionCookies(token, this.#cookieOptions(this.#options.session_ttl_secs));
  }

  /** A device cookie for a browser with a login; null where it has one. */
  deviceCookie({ headers }: Request, { who }: Access): string | null {
    if (who !== "session" || this.#devices.find(presentedDevices(headers)) !== null) return null;
    return deviceCookie(this.#devices.issue(), this.#cookieOptions(DEVICE_DAYS * DAY_SECS));
  }

  #cookieOptions(lifeSecs: number): CookieOptions {
    return { lifeSecs, secure: this.#options.secure };
  }

  #checkSetupToken(context: Context, token: unknown): void {
    const { log } = context;
    const attempt = this.#lockout.begin(this.#guardedAddress(context.request, context));
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
      "Cannot set the first password from here: use http://localhost on the server itself " +
        "without a proxy and without Connection: close, or send the `token` that the server " +
        "printed at start",
    );
  }

  #fail(log: Log, attempt: { failed(): void }): void {
    attempt.failed();
    this.#loginFailures++;
    log("warn", "Login failed");
  }
}

function freshSetupToken(random: Random): string {
  return random.bytes(SETUP_TOKEN_BYTES).toHex();
}

/** One of this server alone where it cannot be known: `takeUpLogins` replaces it. */
async function firstDeviceKey(store: OwnerStore, { random }: AuthSystem): Promise<string> {
  const fresh = freshDeviceKey(random);
  return await store.run("deviceKey", fresh).catch((error) => {
    if (error instanceof AppError) return fresh;
    throw error;
  });
}

function freshDeviceKey(random: Random): string {
  return random.bytes(DEVICE_KEY_BYTES).toHex();
}

function access(who: Access["who"], rights: ReadonlySet<Right>): Access {
  return { who, rights, sites: null };
}
