// Ends TCP connections through the C library. The runtime keeps the socket of a TLS connection
// that is closed before its handshake has ended, for as long as the client wants.
import { CONNECTIONS_MAX } from "../core/limits.ts";
import type { Clock } from "../core/types.ts";
import { parseAddress } from "../net/address.ts";
import { openSocketCalls, type SocketCalls } from "./c_library.ts";

/** All descriptors are looked through for so many connections at once, */
const BATCH = 64;
/** or after this time. */
const WAIT_MS = 50;
/** Descriptors of connections have the lowest free numbers. */
const DESCRIPTORS_MAX = 2 * CONNECTIONS_MAX + 4096;

/** The other end of a connection. */
export interface PeerPlace {
  readonly hostname: string;
  readonly port: number;
}

/** Shuts down the sockets of given peers, in batches. */
export class SocketEnder {
  readonly #clock: Clock;
  readonly #calls: SocketCalls | null;
  readonly #pending = new Set<string>();
  #cancel: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#calls = openSocketCalls();
  }

  /** Shuts down the socket of this peer soon, if there is one. Where it cannot, it does nothing. */
  end({ hostname, port }: PeerPlace): void {
    const address = parseAddress(hostname);
    if (this.#calls === null || address === null) return;
    this.#pending.add(keyOf(address.words, port));
    if (this.#pending.size >= BATCH) this.#endAll();
    else this.#cancel ??= this.#clock.after(WAIT_MS, () => this.#endAll());
  }

  #endAll(): void {
    this.#cancel?.();
    this.#cancel = null;
    for (let descriptor = 3; descriptor < DESCRIPTORS_MAX; descriptor++) {
      if (this.#pending.size === 0) return;
      const key = peerKey(this.#calls?.peerOf(descriptor) ?? null);
      // The peer is compared, so a number that was given to another file meanwhile does no harm.
      if (key !== null && this.#pending.delete(key)) this.#calls?.shutDown(descriptor);
    }
    this.#pending.clear();
  }
}

function keyOf(words: readonly number[], port: number): string {
  return `${words.join(":")}/${port}`;
}

/** The key of an address as the system writes it: 16 bytes for IPv4, 28 for IPv6. */
function peerKey(bytes: DataView | null): string | null {
  if (bytes === null || bytes.byteLength !== 16 && bytes.byteLength !== 28) return null;
  const words = bytes.byteLength === 16
    ? [0, 0, 0xffff, bytes.getUint32(4)]
    : [8, 12, 16, 20].map((at) => bytes.getUint32(at));
  return keyOf(words, bytes.getUint16(2));
}
