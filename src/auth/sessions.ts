// Logins: in memory only, each with an expiry time. Tokens are stored as digests, so that a leak of
// this map gives no valid token away. Where several servers share their logins, a token says by
// itself until when it is valid, and is signed.
import { createHmac } from "node:crypto";
import type { Clock, Random } from "../core/types.ts";
import { SESSIONS_MAX } from "../core/limits.ts";
import type { EndedLogin } from "../storage/state/ops/owner_ops.ts";
import { findByDigest, sameSecret, sha256, sha256Hex } from "./secrets.ts";

/** The logins that are valid. */
export interface Logins {
  /** Opens a login; returns its token, 64 hex digits. */
  open(): string;
  /** Whether the token is of a valid login. */
  has(token: string): boolean;
  /** Ends the login with this token; returns what other servers are to know of it. */
  end(token: string): EndedLogin | null;
  /** Ends all logins. */
  endAll(): void;
}

const TOKEN_BYTES = 32;
const TOKEN = /^[0-9a-f]{64}$/;

interface Session {
  readonly digest: Uint8Array;
  /** By the uptime: setting the wall clock neither ends nor prolongs a login. */
  readonly endMs: number;
}

/** The logins, oldest first. */
export class Sessions implements Logins {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #lifeMs: number;
  #sessions: Session[] = [];

  constructor(clock: Clock, random: Random, lifeSecs: number) {
    this.#clock = clock;
    this.#random = random;
    this.#lifeMs = lifeSecs * 1000;
  }

  /** Opens a login; returns its token, 64 hex digits. When full, the oldest login is removed. */
  open(): string {
    const token = this.#random.bytes(TOKEN_BYTES).toHex();
    this.#forget();
    if (this.#sessions.length >= SESSIONS_MAX) this.#sessions.shift();
    this.#sessions.push({ digest: sha256(token), endMs: this.#clock.uptimeMs() + this.#lifeMs });
    return token;
  }

  /** Whether the token is of a valid login. */
  has(token: string): boolean {
    if (!TOKEN.test(token)) return false;
    this.#forget();
    return findByDigest(this.#sessions, sha256(token)) !== undefined;
  }

  /** Ends the login with this token, if there is one. */
  end(token: string): null {
    const found = TOKEN.test(token) && findByDigest(this.#sessions, sha256(token));
    if (found) this.#sessions = this.#sessions.filter((session) => session !== found);
    return null;
  }

  /** Ends all logins. */
  endAll(): void {
    this.#sessions = [];
  }

  #forget(): void {
    const now = this.#clock.uptimeMs();
    const first = this.#sessions[0];
    if (first && first.endMs <= now) {
      this.#sessions = this.#sessions.filter((session) => session.endMs > now);
    }
  }
}

/** Digits of a token: the second of its end, chance, and the signature of both. */
const END_DIGITS = 8;
const SIGNED_DIGITS = 24;
const CHANCE_BYTES = 8;

/** Logins that every server with the same key knows. Those that were ended early are kept. */
export class SignedSessions implements Logins {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #lifeMs: number;
  #key: string;
  #ended: ReadonlyMap<string, number> = new Map();

  constructor(clock: Clock, random: Random, lifeSecs: number, key: string) {
    this.#clock = clock;
    this.#random = random;
    this.#lifeMs = lifeSecs * 1000;
    this.#key = key;
  }

  /** Uses another key: logins made before have ended. */
  renew(key: string): void {
    this.#key = key;
  }

  /** Takes up the logins that were ended on all servers. */
  takeUp(ended: readonly EndedLogin[]): void {
    const nowMs = this.#clock.nowMs();
    const all = [...this.#ended, ...ended.map(({ digest, endMs }) => [digest, endMs] as const)];
    this.#ended = new Map(all.filter(([, endMs]) => endMs > nowMs));
  }

  /** Opens a login; returns its token. */
  open(): string {
    const endSecs = Math.floor((this.#clock.nowMs() + this.#lifeMs) / 1000);
    const signed = endSecs.toString(16).padStart(END_DIGITS, "0") +
      this.#random.bytes(CHANCE_BYTES).toHex();
    return signed + this.#sign(signed);
  }

  /** Whether the token is of a valid login. */
  has(token: string): boolean {
    return this.#endMs(token) > this.#clock.nowMs() && !this.#ended.has(sha256Hex(token));
  }

  /** Ends the login with this token, here; other servers are told what this returns. */
  end(token: string): EndedLogin | null {
    if (!this.has(token)) return null;
    const login = { digest: sha256Hex(token), endMs: this.#endMs(token) };
    this.takeUp([login]);
    return login;
  }

  /** Ends all logins of this key: `renew` follows. */
  endAll(): void {
    this.#key = this.#random.bytes(TOKEN_BYTES).toHex();
  }

  /** When a token that was signed here ends; 0 for another. */
  #endMs(token: string): number {
    if (!TOKEN.test(token)) return 0;
    const signed = token.slice(0, SIGNED_DIGITS);
    if (!sameSecret(token.slice(SIGNED_DIGITS), this.#sign(signed))) return 0;
    return Number.parseInt(signed.slice(0, END_DIGITS), 16) * 1000;
  }

  #sign(signed: string): string {
    const digits = createHmac("sha256", this.#key).update(`mm_session ${signed}`).digest("hex");
    return digits.slice(SIGNED_DIGITS);
  }
}
