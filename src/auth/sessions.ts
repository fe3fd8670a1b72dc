// Logins: in memory only, each with an expiry time. Tokens are stored as digests, so that a leak of
// this map gives no valid token away.
import type { Clock, Random } from "../core/types.ts";
import { SESSIONS_MAX } from "../core/limits.ts";
import { findByDigest, sha256 } from "./secrets.ts";

const TOKEN_BYTES = 32;
const TOKEN = /^[0-9a-f]{64}$/;

interface Session {
  readonly digest: Uint8Array;
  /** By the uptime: setting the wall clock neither ends nor prolongs a login. */
  readonly endMs: number;
}

/** The logins, oldest first. */
export class Sessions {
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
  end(token: string): void {
    const found = TOKEN.test(token) && findByDigest(this.#sessions, sha256(token));
    if (found) this.#sessions = this.#sessions.filter((session) => session !== found);
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
