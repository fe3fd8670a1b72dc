// API keys: creates, lists and revokes them, and finds the one that a request presents. The clear
// key is returned once, when it is created; only its SHA-256 is stored.
import { AppError } from "../core/errors.ts";
import { API_KEY_CHARS_MAX, API_KEYS_MAX } from "../core/limits.ts";
import type { Clock, Random } from "../core/types.ts";
import type { KeyRow, KeyScope, OwnerStore } from "../storage/state/ops/owner_ops.ts";
import { findByDigest, sha256, sha256Hex } from "./secrets.ts";

const KEY_BYTES = 16;
const KEY = /^mm_[A-Za-z0-9_-]+$/;
const HASH = /^[0-9a-f]{64}$/;

interface KnownKey extends KeyRow {
  readonly digest: Uint8Array;
}

/** A new key. `key` is the clear one, which is stored nowhere. */
export interface NewKey {
  readonly key: string;
  readonly key_hash: string;
  readonly name: string;
  readonly scope: KeyScope;
}

/** The API keys: those in memory are always the same as those on disk. */
export class ApiKeys {
  readonly #store: OwnerStore;
  readonly #clock: Clock;
  readonly #random: Random;
  /** Hashes of the keys that api_keys.json lists. */
  readonly #imported: ReadonlySet<string>;
  #keys: readonly KnownKey[] = [];

  private constructor(
    store: OwnerStore,
    clock: Clock,
    random: Random,
    imported: readonly KeyRow[],
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#random = random;
    this.#imported = new Set(imported.map((key) => key.key_hash));
  }

  /** Reads the stored keys after adding `imported` ones. Rejects with the store's error. */
  static async open(
    store: OwnerStore,
    clock: Clock,
    random: Random,
    imported: readonly KeyRow[],
  ): Promise<ApiKeys> {
    const keys = new ApiKeys(store, clock, random, imported);
    if (imported.length > 0) await store.run("addKeys", imported);
    await keys.reload();
    return keys;
  }

  /** Reads the stored keys, which another server may have changed. */
  async reload(): Promise<void> {
    const rows = await this.#store.run("listKeys", undefined);
    this.#keys = rows.map((row) => ({ ...row, digest: Uint8Array.fromHex(row.key_hash) }));
  }

  /** The row of a clear key that is valid, or null. */
  find(key: string): KeyRow | null {
    if (key.length > API_KEY_CHARS_MAX || !KEY.test(key)) return null;
    const found = findByDigest(this.#keys, sha256(key));
    return found && !found.revoked ? found : null;
  }

  /** Creates a key. Rejects with `conflict` when there are too many. */
  async create(name: string, scope: KeyScope): Promise<NewKey> {
    if (this.#keys.length >= API_KEYS_MAX) {
      throw new AppError("conflict", `Cannot create the key: there are ${API_KEYS_MAX} already`);
    }
    const key = `mm_${this.#random.bytes(KEY_BYTES).toHex()}`;
    const key_hash = sha256Hex(key);
    await this.#store.run("addKeys", [
      { key_hash, name, scope, created_at: this.#clock.nowMs(), revoked: false },
    ]);
    await this.reload();
    return { key, key_hash, name, scope };
  }

  /** Every key, oldest first, revoked ones too. */
  list(): readonly KeyRow[] {
    return this.#keys.map(({ digest: _, ...key }) => key);
  }

  /** Revokes a key permanently. Resolves with whether there is such a key. */
  async revoke(keyHash: string): Promise<boolean> {
    // PostgreSQL refuses some texts instead of not finding them.
    if (!HASH.test(keyHash)) return false;
    const known = await this.#store.run("revokeKey", keyHash);
    await this.reload();
    return known;
  }

  /** Revokes every key but those of api_keys.json; resolves with the keys that were valid. */
  async revokeMadeHere(): Promise<readonly KeyRow[]> {
    const valid = this.list().filter(({ revoked }) => !revoked);
    for (const { key_hash } of valid) {
      if (!this.#imported.has(key_hash)) await this.#store.run("revokeKey", key_hash);
    }
    await this.reload();
    return valid;
  }
}
