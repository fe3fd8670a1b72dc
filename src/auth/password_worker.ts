// The thread that computes Argon2id, so that a login never delays ingestion. The only importer of
// hash-wasm; it stores nothing. Messages: { id, password, salt, cost, expected? } →
// { id, hash } or { id, same } or { id, error }.
import { timingSafeEqual } from "node:crypto";
import { argon2id } from "hash-wasm";

/** What Argon2id costs: KiB of memory, passes and lanes. */
export interface Argon2Cost {
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
}

/** One computation. With `expected` the reply says only whether the hash is the same. */
export interface PasswordRequest {
  readonly id: number;
  readonly password: string;
  readonly salt: Uint8Array;
  readonly cost: Argon2Cost;
  readonly expected: Uint8Array | null;
}

/** The reply to one request. */
export interface PasswordReply {
  readonly id: number;
  readonly hash?: Uint8Array;
  readonly same?: boolean;
  readonly error?: string;
}

const HASH_BYTES = 32;

async function answer(request: PasswordRequest): Promise<PasswordReply> {
  const { id, password, salt, cost, expected } = request;
  const hash = await argon2id({
    password,
    salt,
    memorySize: cost.memoryKib,
    iterations: cost.passes,
    parallelism: cost.lanes,
    hashLength: expected?.byteLength ?? HASH_BYTES,
    outputType: "binary",
  });
  return expected ? { id, same: timingSafeEqual(hash, expected) } : { id, hash };
}

const port = globalThis as unknown as {
  onmessage: (message: MessageEvent<PasswordRequest>) => void;
  postMessage: (value: PasswordReply) => void;
};

async function reply(request: PasswordRequest): Promise<void> {
  try {
    port.postMessage(await answer(request));
  } catch (error) {
    port.postMessage({ id: request.id, error: error instanceof Error ? error.message : "failed" });
  }
}

// One at a time: each takes as much memory as its cost says.
let turn: Promise<void> = Promise.resolve();
port.onmessage = ({ data }) => {
  turn = turn.then(() => reply(data));
};
