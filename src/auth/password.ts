// The owner's password as an Argon2id hash (PHC string), computed in its own thread. Clear
// passwords are never stored, logged or sent.
import { AppError } from "../core/errors.ts";
import { PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN } from "../core/limits.ts";
import type { Clock, Random } from "../core/types.ts";
import type { OwnerStore } from "../storage/state/ops/owner_ops.ts";
import { PasswordQueue, type Turn } from "./password_queue.ts";
import type { Argon2Cost, PasswordReply, PasswordRequest } from "./password_worker.ts";

/** The cost of new hashes, as OWASP recommends for Argon2id: 19 MiB, two passes, one lane. */
export const ARGON2_COST: Argon2Cost = { memoryKib: 19_456, passes: 2, lanes: 1 };

const SALT_BYTES = 16;

interface Waiting {
  readonly resolve: (reply: PasswordReply) => void;
  readonly reject: (error: Error) => void;
}

interface Phc {
  readonly cost: Argon2Cost;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

/** The turn of the program itself. */
const OWN_TURN: Turn = { key: "", isKnown: true };

/** Computes and checks hashes; its thread starts with the first one. */
export class PasswordHasher {
  readonly #random: Random;
  readonly #queue = new PasswordQueue();
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #nextId = 1;

  constructor(random: Random) {
    this.#random = random;
  }

  /** The PHC string of a password. Rejects with `too_many_requests` when too many wait. */
  async hash(password: string, turn = OWN_TURN): Promise<string> {
    const salt = this.#random.bytes(SALT_BYTES);
    const reply = await this.#send({ password, salt, cost: ARGON2_COST, expected: null }, turn);
    if (!reply.hash) throw new Error("Cannot hash the password: the worker returned no hash");
    const { memoryKib, passes, lanes } = ARGON2_COST;
    const cost = `m=${memoryKib},t=${passes},p=${lanes}`;
    return `$argon2id$v=19$${cost}$${base64(salt)}$${base64(reply.hash)}`;
  }

  /** Whether the hash is of this password. Rejects when too many wait or the hash is invalid. */
  async verify(phc: string, password: string, turn = OWN_TURN): Promise<boolean> {
    const parsed = parsePhc(phc);
    if (!parsed) {
      throw new Error("Cannot check the password: the stored hash is not an Argon2id hash");
    }
    if (password === "") return false;
    const { salt, cost, hash } = parsed;
    return (await this.#send({ password, salt, cost, expected: hash }, turn)).same === true;
  }

  /** Ends the thread; whatever waits is rejected. */
  close(): void {
    const stopping = new Error("Cannot check the password: the server is stopping");
    this.#queue.refuseAll(stopping);
    this.#stop(stopping);
  }

  #send(request: Omit<PasswordRequest, "id">, turn: Turn): Promise<PasswordReply> {
    return this.#queue.run(turn, () => this.#compute(request));
  }

  #compute(request: Omit<PasswordRequest, "id">): Promise<PasswordReply> {
    const id = this.#nextId++;
    const worker = this.#worker ??= this.#start();
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ ...request, password: request.password.normalize("NFC"), id });
    });
  }

  #start(): Worker {
    const worker = new Worker(new URL("./password_worker.ts", import.meta.url), {
      type: "module",
    });
    worker.onmessage = ({ data }: MessageEvent<PasswordReply>) => {
      const waiting = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if (data.error === undefined) waiting?.resolve(data);
      else waiting?.reject(new Error(`Cannot hash the password: ${data.error}`));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.#stop(new Error(`Cannot hash the password: ${event.message}`));
    };
    return worker;
  }

  #stop(error: Error): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}

/** Whether a text is an Argon2id PHC string that can be checked here. */
export function isPasswordHash(text: string): boolean {
  return parsePhc(text) !== null;
}

/** Refuses a new password that is too short or too long, with `bad_request`. */
export function checkNewPassword(password: unknown): string {
  if (typeof password !== "string") {
    throw new AppError("bad_request", "Cannot set the password: `password` is not a string");
  }
  const length = [...password].length;
  if (length < PASSWORD_CHARS_MIN || length > PASSWORD_CHARS_MAX) {
    throw new AppError(
      "bad_request",
      `Cannot set the password: it has ${length} characters, ` +
        `not ${PASSWORD_CHARS_MIN} to ${PASSWORD_CHARS_MAX}`,
    );
  }
  return password;
}

/** The PHC string of a password, for the command line. Rejects as checkNewPassword() throws. */
export async function hashPassword(random: Random, password: string): Promise<string> {
  const hasher = new PasswordHasher(random);
  try {
    return await hasher.hash(checkNewPassword(password));
  } finally {
    hasher.close();
  }
}

/**
 * Replaces the stored password, or with null removes it, for the command line. A running server
 * applies it within a second. Resolves with whether anything changed.
 */
export async function resetPassword(
  store: OwnerStore,
  clock: Clock,
  random: Random,
  password: string | null,
): Promise<boolean> {
  if (password === null) return await store.run("clearPassword", undefined);
  const hash = await hashPassword(random, password);
  return await store.run("setPassword", { hash, atMs: clock.nowMs(), replace: true });
}

const PHC = new RegExp(
  "^\\$argon2id\\$v=19\\$m=(\\d{1,7}),t=(\\d{1,3}),p=(\\d{1,2})" +
    "\\$([A-Za-z0-9+/]{11,86})\\$([A-Za-z0-9+/]{22,86})$",
);
const MEMORY_KIB_MAX = 1024 * 1024;

function parsePhc(text: string): Phc | null {
  const match = PHC.exec(text);
  if (!match) return null;
  const [memoryKib, passes, lanes] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (lanes < 1 || passes < 1 || memoryKib < 8 * lanes || memoryKib > MEMORY_KIB_MAX) return null;
  const [salt, hash] = [bytesOf(match[4] ?? ""), bytesOf(match[5] ?? "")];
  return salt && hash ? { cost: { memoryKib, passes, lanes }, salt, hash } : null;
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("=", "");
}

function bytesOf(text: string): Uint8Array | null {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
}
