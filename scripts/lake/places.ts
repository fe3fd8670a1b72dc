// Where each of several servers runs, and how it is cut off from the others: behind proxies on this
// machine, or in a network namespace of its own whose link is taken down, which needs root.
import { freePort, type Program } from "../server_process.ts";
import { type FaultyS3, faultyS3 } from "./faulty_s3.ts";
import type { Parts } from "./parts.ts";
import { type Network, TcpProxy } from "./tcp_proxy.ts";

/** A place for one server. */
export interface Place {
  /** The program as it is started there. */
  programOf(program: Program): Program;
  /** Settings of the server that are of the place. */
  readonly env: Readonly<Record<string, string>>;
  /** Its way to PostgreSQL: a host and a port. */
  readonly postgres: string;
  /** Where whoever tries the server reaches it, also while it is cut off. */
  readonly url: string;
  /** Its way to the bucket. */
  readonly s3: FaultyS3;
  /** Cuts it off: from the other servers, or from PostgreSQL alone. */
  cut(from: "servers" | "postgres", how: Network): Promise<void>;
  /** Joins it to everything again. */
  join(): Promise<void>;
  close(): Promise<void>;
}

/** A place on this machine, with proxies between its server and everything else. */
export function proxied(parts: Parts): Place {
  const port = freePort();
  const web = new TcpProxy(port);
  const postgres = new TcpProxy(parts.postgresPort);
  const s3 = faultyS3(parts.s3Port);
  return {
    programOf: (program) => program,
    env: {
      MALLARD_S3_ENDPOINT: s3.origin,
      MALLARD_PORT: String(port),
      MALLARD_NODE_URL: `http://127.0.0.1:${web.port}`,
    },
    postgres: `127.0.0.1:${postgres.port}`,
    url: `http://127.0.0.1:${port}`,
    s3,
    cut(from, how) {
      (from === "servers" ? web : postgres).set(how);
      return Promise.resolve();
    },
    join() {
      for (const proxy of [web, postgres]) proxy.set("works");
      return Promise.resolve();
    },
    async close() {
      web.close();
      postgres.close();
      await s3.close();
    },
  };
}

const PORT = 8000;
/** Runs beside each other must not reach the servers of the others: each takes one that is free. */
const NETS = { from: 100, count: 100 } as const;

/**
 * Places in network namespaces, joined by a bridge on which PostgreSQL and the bucket are reached
 * through proxies. A server that is cut off from the others has no link to anything: only a second
 * one, to whoever tries it.
 */
export class Namespaces {
  readonly #name = `mm${crypto.randomUUID().slice(0, 6)}`;
  #count = 0;
  /** The first two numbers of all addresses. */
  #net = "";

  /** A sentence that says why there can be none here; null where there can. */
  static async lack(): Promise<string | null> {
    const tried = `mm${crypto.randomUUID().slice(0, 6)}`;
    try {
      await ip("netns", "add", tried);
      await ip("link", "add", `${tried}b`, "type", "bridge");
      await ip("link", "del", `${tried}b`);
      await ip("netns", "del", tried);
      return null;
    } catch (error) {
      await ip("netns", "del", tried).catch(() => {});
      return `network namespaces cannot be made here: ${error}`;
    }
  }

  async open(): Promise<void> {
    await ip("link", "add", this.#bridge, "type", "bridge");
    this.#net = await freeNet();
    await ip("addr", "add", `${this.#hub}/24`, "dev", this.#bridge);
    await ip("link", "set", this.#bridge, "up");
  }

  /** The next place. */
  async place(parts: Parts): Promise<Place> {
    const number = ++this.#count;
    const namespace = `${this.#name}n${number}`;
    const [address, own] = [`${this.#net}.0.${number + 1}`, `${this.#net}.${number}.2`];
    const link = `${this.#name}l${number}`;
    await ip("netns", "add", namespace);
    await ip("-n", namespace, "link", "set", "lo", "up");
    await addLink(namespace, { link, inside: "servers", address: `${address}/24` });
    await ip("link", "set", link, "master", this.#bridge);
    await addLink(namespace, {
      link: `${this.#name}t${number}`,
      inside: "trial",
      address: `${own}/24`,
    });
    await ip("addr", "add", `${this.#net}.${number}.1/24`, "dev", `${this.#name}t${number}`);
    const postgres = new TcpProxy(parts.postgresPort, this.#hub);
    const s3 = faultyS3(parts.s3Port, "none", this.#hub);
    return {
      programOf: ({ command, args, ...program }) => ({
        ...program,
        command: "ip",
        args: ["netns", "exec", namespace, command, ...args],
      }),
      env: {
        MALLARD_S3_ENDPOINT: s3.origin,
        MALLARD_HOST: "0.0.0.0",
        MALLARD_PORT: String(PORT),
        MALLARD_NODE_URL: `http://${address}:${PORT}`,
      },
      postgres: `${this.#hub}:${postgres.port}`,
      url: `http://${own}:${PORT}`,
      s3,
      async cut(from, how) {
        if (from === "postgres") postgres.set(how);
        else await ip("link", "set", link, "down");
      },
      async join() {
        postgres.set("works");
        await ip("link", "set", link, "up");
      },
      async close() {
        postgres.close();
        await s3.close();
      },
    };
  }

  /** Removes them and, with them, their links. */
  async close(): Promise<void> {
    for (let number = 1; number <= this.#count; number++) {
      await ip("netns", "del", `${this.#name}n${number}`).catch(() => {});
    }
    await ip("link", "del", this.#bridge);
  }

  /** The address of this machine on the bridge. */
  get #hub(): string {
    return `${this.#net}.0.1`;
  }

  get #bridge(): string {
    return `${this.#name}b`;
  }
}

/** A pair of interfaces, of which one is inside of a namespace. */
async function addLink(
  namespace: string,
  { link, inside, address }: {
    readonly link: string;
    readonly inside: string;
    readonly address: string;
  },
): Promise<void> {
  await ip("link", "add", link, "type", "veth", "peer", "name", inside, "netns", namespace);
  await ip("link", "set", link, "up");
  await ip("-n", namespace, "addr", "add", address, "dev", inside);
  await ip("-n", namespace, "link", "set", inside, "up");
}

/** A net that no interface of this machine has. */
async function freeNet(): Promise<string> {
  const known = await ip("-o", "addr");
  const from = crypto.getRandomValues(new Uint8Array(1))[0] ?? 0;
  for (let tried = 0; tried < NETS.count; tried++) {
    const net = `10.${NETS.from + (from + tried) % NETS.count}`;
    if (!known.includes(` ${net}.`)) return net;
  }
  throw new Error("Cannot find a net that is free");
}

async function ip(...args: string[]): Promise<string> {
  const done = await new Deno.Command("ip", { args, stdin: "null" }).output();
  const [said, complaint] = [done.stdout, done.stderr].map((one) => new TextDecoder().decode(one));
  if (!done.success) throw new Error(`Cannot run ip ${args.join(" ")}: ${complaint?.trim()}`);
  return said ?? "";
}
