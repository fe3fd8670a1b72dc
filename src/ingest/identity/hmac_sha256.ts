// HMAC-SHA256 without a native object for each message. Those of node:crypto are cheap to make, but
// the garbage collector pays for each of them, several times what the hash itself takes.
const BLOCK_BYTES = 64;
/** The mark after the message, and its length in 8 bytes. */
const END_BYTES = 9;
const MESSAGE_BYTES = 1024;
const UTF8 = new TextEncoder();

/** The constants of the rounds (FIPS 180-4, 4.2.2): of the cube roots of the first 64 primes. */
const CONSTANTS = wordsOf(`
  428a2f98 71374491 b5c0fbcf e9b5dba5 3956c25b 59f111f1 923f82a4 ab1c5ed5
  d807aa98 12835b01 243185be 550c7dc3 72be5d74 80deb1fe 9bdc06a7 c19bf174
  e49b69c1 efbe4786 0fc19dc6 240ca1cc 2de92c6f 4a7484aa 5cb0a9dc 76f988da
  983e5152 a831c66d b00327c8 bf597fc7 c6e00bf3 d5a79147 06ca6351 14292967
  27b70a85 2e1b2138 4d2c6dfc 53380d13 650a7354 766a0abb 81c2c92e 92722c85
  a2bfe8a1 a81a664b c24b8b70 c76c51a3 d192e819 d6990624 f40e3585 106aa070
  19a4c116 1e376c08 2748774c 34b0bcb5 391c0cb3 4ed8aa4a 5b9cca4f 682e6ff3
  748f82ee 78a5636f 84c87814 8cc70208 90befffa a4506ceb bef9a3f7 c67178f2`);

/** The state before the first block (FIPS 180-4, 5.3.3): of the square roots of the first eight. */
const START = wordsOf(`
  6a09e667 bb67ae85 3c6ef372 a54ff53a 510e527f 9b05688c 1f83d9ab 5be0cd19`);

/** HMAC-SHA256 under one key of at most 64 bytes. Everything it works in is made once. */
export class HmacSha256 {
  /** The states that the key alone leads to. */
  readonly #inner = START.slice();
  readonly #outer = START.slice();
  readonly #schedule = new Int32Array(64);
  readonly #state = new Int32Array(8);
  readonly #digest = new Uint8Array(32);
  #bytes = new Uint8Array(MESSAGE_BYTES);

  /** Throws RangeError for a longer key. */
  constructor(key: string) {
    const bytes = UTF8.encode(key);
    if (bytes.length > BLOCK_BYTES) throw new RangeError("Cannot use this key: it is too long");
    const block = new Uint8Array(BLOCK_BYTES);
    block.set(bytes);
    addBlock(this.#inner, block.map((byte) => byte ^ 0x36), 0, this.#schedule);
    addBlock(this.#outer, block.map((byte) => byte ^ 0x5c), 0, this.#schedule);
  }

  /** The hash of a text in UTF-8, as 64 hex digits. */
  hex(message: string): string {
    this.#finish(this.#inner, this.#write(message));
    this.#bytes.set(this.#digest);
    this.#finish(this.#outer, this.#digest.length);
    return this.#digest.toHex();
  }

  /** Writes the text into the bytes; returns their number. */
  #write(text: string): number {
    const { length } = text;
    this.#makeRoom(length);
    const bytes = this.#bytes;
    for (let at = 0; at < length; at++) {
      const code = text.charCodeAt(at);
      if (code > 0x7f) return this.#writeUtf8(text);
      bytes[at] = code;
    }
    return length;
  }

  #writeUtf8(text: string): number {
    const encoded = UTF8.encode(text);
    this.#makeRoom(encoded.length);
    this.#bytes.set(encoded);
    return encoded.length;
  }

  #makeRoom(length: number): void {
    const needed = length + END_BYTES + BLOCK_BYTES;
    if (needed > this.#bytes.length) this.#bytes = new Uint8Array(needed);
  }

  /** Hashes the first `length` bytes, which follow the key's block, into the digest. */
  #finish(keyed: Int32Array, length: number): void {
    const bytes = this.#bytes;
    const end = Math.ceil((length + END_BYTES) / BLOCK_BYTES) * BLOCK_BYTES;
    bytes.fill(0, length, end);
    bytes[length] = 0x80;
    const bits = (BLOCK_BYTES + length) * 8;
    for (let at = 1; at <= 4; at++) bytes[end - at] = bits >>> (at - 1) * 8;
    const state = this.#state;
    state.set(keyed);
    for (let from = 0; from < end; from += BLOCK_BYTES) {
      addBlock(state, bytes, from, this.#schedule);
    }
    for (let at = 0; at < 32; at++) {
      this.#digest[at] = (state[at >> 2] ?? 0) >>> 24 - (at & 3) * 8;
    }
  }
}

/** The rounds of SHA-256 (FIPS 180-4, 6.2.2) over the 64 bytes at `from`. */
function addBlock(state: Int32Array, bytes: Uint8Array, from: number, w: Int32Array): void {
  fillSchedule(bytes, from, w);
  let a = state[0] ?? 0, b = state[1] ?? 0, c = state[2] ?? 0, d = state[3] ?? 0;
  let e = state[4] ?? 0, f = state[5] ?? 0, g = state[6] ?? 0, h = state[7] ?? 0;
  for (let at = 0; at < 64; at++) {
    const sum1 = (e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7);
    const choice = e & f ^ ~e & g;
    const first = h + sum1 + choice + (CONSTANTS[at] ?? 0) + (w[at] ?? 0) | 0;
    const sum0 = (a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10);
    const majority = a & b ^ a & c ^ b & c;
    h = g, g = f, f = e;
    e = d + first | 0;
    d = c, c = b, b = a;
    a = first + sum0 + majority | 0;
  }
  state[0] = (state[0] ?? 0) + a;
  state[1] = (state[1] ?? 0) + b;
  state[2] = (state[2] ?? 0) + c;
  state[3] = (state[3] ?? 0) + d;
  state[4] = (state[4] ?? 0) + e;
  state[5] = (state[5] ?? 0) + f;
  state[6] = (state[6] ?? 0) + g;
  state[7] = (state[7] ?? 0) + h;
}

function fillSchedule(bytes: Uint8Array, from: number, w: Int32Array): void {
  for (let at = 0; at < 16; at++) {
    const byte = from + at * 4;
    w[at] = (bytes[byte] ?? 0) << 24 | (bytes[byte + 1] ?? 0) << 16 | (bytes[byte + 2] ?? 0) << 8 |
      (bytes[byte + 3] ?? 0);
  }
  for (let at = 16; at < 64; at++) {
    const x = w[at - 15] ?? 0;
    const y = w[at - 2] ?? 0;
    const small0 = (x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3;
    const small1 = (y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10;
    w[at] = (w[at - 16] ?? 0) + small0 + (w[at - 7] ?? 0) + small1;
  }
}

function wordsOf(text: string): Int32Array {
  return Int32Array.from(text.trim().split(/\s+/), (word) => parseInt(word, 16));
}
