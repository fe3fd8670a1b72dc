// A network between two programs that can be cut: a port that passes bytes on to another one.

/** What becomes of connections: `hangs` passes nothing on and ends none, as a lost cable does. */
export type Network = "works" | "refuses" | "hangs";

/** A port that passes connections on. */
export class TcpProxy {
  readonly #listener: Deno.TcpListener;
  readonly #open = new Set<Deno.TcpConn>();
  #network: Network = "works";
  #works: Promise<void> = Promise.resolve();
  #goOn = () => {};
  /** The port of this machine that they are passed on to. */
  readonly #target: number;

  constructor(target: number, hostname = "127.0.0.1") {
    this.#target = target;
    this.#listener = Deno.listen({ hostname, port: 0 });
    this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  set(network: Network): void {
    if (network === this.#network) return;
    this.#network = network;
    this.#goOn();
    this.#works = network === "hangs"
      ? new Promise((resolve) => this.#goOn = resolve)
      : Promise.resolve();
    if (network === "refuses") this.#endAll();
  }

  close(): void {
    this.set("refuses");
    this.#listener.close();
  }

  #endAll(): void {
    for (const conn of [...this.#open]) this.#end(conn);
  }

  #end(conn: Deno.TcpConn): void {
    if (!this.#open.delete(conn)) return;
    try {
      conn.close();
    } catch {
      // It is closed.
    }
  }

  async #accept(): Promise<void> {
    for await (const from of this.#listener) {
      this.#open.add(from);
      this.#join(from).catch(() => this.#end(from));
    }
  }

  async #join(from: Deno.TcpConn): Promise<void> {
    await this.#works;
    if (this.#network === "refuses") return this.#end(from);
    const to = await Deno.connect({ hostname: "127.0.0.1", port: this.#target });
    this.#open.add(to);
    await Promise.all([this.#pass(from, to), this.#pass(to, from)]);
  }

  async #pass(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    const bytes = new Uint8Array(64 * 1024);
    try {
      for (;;) {
        const count = await from.read(bytes);
        if (count === null) break;
        await this.#works;
        for (let at = 0; at < count;) at += await to.write(bytes.subarray(at, count));
      }
    } catch {
      // One of them has ended.
    }
    this.#end(from);
    this.#end(to);
  }
}
