// Who may try a password: others until they are locked out, the owner always. A browser where the
// owner has logged in proves it with a signed device cookie, which is not a login.
import { createHmac } from "node:crypto";
import { DAY_MS } from "../core/durations.ts";
import { DEVICE_DAYS, GOOD_ADDRESSES_MAX } from "../core/limits.ts";
import type { Clock, Random } from "../core/types.ts";
import { rateLimitKey } from "../net/address.ts";
import { presentedDevices } from "./credentials.ts";
import { type Attempt, FREE, type Lockout } from "./lockout.ts";
import type { Turn } from "./password_queue.ts";
import { sameSecret } from "./secrets.ts";

const ID_BYTES = 16;
const COOKIE = /^([0-9a-f]{32})\.(\d{1,15})\.([0-9a-f]{64})$/;

/** Makes and checks device cookies under a key that `renew()` replaces. */
export class Devices {
  readonly #clock: Clock;
  readonly #random: Random;
  #key: string;

  constructor(clock: Clock, random: Random, key: string) {
    this.#clock = clock;
    this.#random = random;
    this.#key = key;
  }

  /** Uses another key: cookies made before are no longer valid. */
  renew(key: string): void {
    this.#key = key;
  }

  /** The value of a new cookie. */
  issue(): string {
    const id = this.#random.bytes(ID_BYTES).toHex();
    const endMs = Math.floor(this.#clock.nowMs()) + DEVICE_DAYS * DAY_MS;
    return `${id}.${endMs}.${this.#sign(id, String(endMs))}`;
  }

  /** The id of the first valid cookie among these values, or null. */
  find(values: readonly string[]): string | null {
    for (const value of values) {
      const [, id = "", endMs = "", signature = ""] = COOKIE.exec(value) ?? [];
      if (id === "" || Number(endMs) <= this.#clock.nowMs()) continue;
      if (sameSecret(signature, this.#sign(id, endMs))) return id;
    }
    return null;
  }

  #sign(id: string, endMs: string): string {
    return createHmac("sha256", this.#key).update(`mm_device ${id} ${endMs}`).digest("hex");
  }
}

/** An attempt at the password that was let in, and its place in the queue. */
export interface GuardedAttempt {
  readonly attempt: Attempt;
  readonly turn: Turn;
}

/** Lets attempts in. Addresses are in memory only. */
export class LoginGuard {
  readonly #lockout: Lockout;
  readonly #devices: Devices;
  /** Addresses of the last logins, the newest last. */
  #good: string[] = [];

  constructor(lockout: Lockout, devices: Devices) {
    this.#lockout = lockout;
    this.#devices = devices;
  }

  /**
   * Lets an attempt in, or throws `too_many_requests`. Failures count for the device where there is
   * one, until it is locked out; then, and for all others, for the address.
   */
  begin(request: Request, address: string, hasSession: boolean): GuardedAttempt {
    const device = this.#devices.find(presentedDevices(request.headers));
    const key = rateLimitKey(address);
    const isKnown = hasSession || device !== null || this.#good.includes(key);
    const turn = { key: device ?? key, isKnown, signal: request.signal };
    if (hasSession) return { attempt: FREE, turn };
    const byDevice = `device ${device}`;
    const isByDevice = device !== null && !this.#lockout.isLocked(byDevice);
    return { attempt: this.#lockout.begin(isByDevice ? byDevice : address), turn };
  }

  /** Remembers the address of a login. */
  passed(address: string): void {
    const key = rateLimitKey(address);
    this.#good = [...this.#good.filter((one) => one !== key), key].slice(-GOOD_ADDRESSES_MAX);
  }

  /** Forgets all known devices and addresses. */
  forget(): void {
    this.#good = [];
  }
}
