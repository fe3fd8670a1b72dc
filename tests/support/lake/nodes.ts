// Servers over one lake in one process, which ask each other as they would over the network.
import { hotRoute } from "../../../src/api/nodes.ts";
import type { System } from "../../../src/core/types.ts";
import type { Context } from "../../../src/http/route.ts";
import type { AskPeer } from "../../../src/storage/lake/nodes/peers.ts";
import type { Storage } from "../../../src/storage/open.ts";
import { fakeSystem } from "../fake_system.ts";
import { openOverLake } from "./lake.ts";

const SECRET = "a secret of servers";

type Env = Readonly<Record<string, string>>;

/** Servers by name that reach each other, until they are cut off. */
export class Nodes {
  readonly #folder: string;
  readonly #env: Env;
  readonly #open = new Map<string, Storage>();
  readonly cutOff = new Set<string>();

  readonly #system: System | undefined;

  constructor(folder: string, env: Env, system?: System) {
    this.#system = system;
    this.#folder = folder;
    this.#env = env;
  }

  async open(node: string): Promise<Storage> {
    const folder = `${this.#folder}/${node}`;
    await Deno.mkdir(folder, { recursive: true });
    const ask: AskPeer = async (url, headers) => {
      const { hostname } = new URL(url);
      const asked = this.#open.get(hostname);
      if (asked === undefined || this.cutOff.has(node) || this.cutOff.has(hostname)) {
        throw new Error("Connection refused");
      }
      return await answerOf(asked, new Request(url, { headers }));
    };
    const storage = await openOverLake(folder, this.#env, {
      node,
      address: `http://${node}`,
      peers: { secret: SECRET, ask },
      ...this.#system ? { system: this.#system } : {},
    });
    this.#open.set(node, storage);
    return storage;
  }

  async close(node: string): Promise<void> {
    await this.#open.get(node)?.close();
    this.#open.delete(node);
  }

  async closeAll(): Promise<void> {
    for (const node of [...this.#open.keys()]) await this.close(node);
  }
}

async function answerOf({ lake, store }: Storage, request: Request) {
  const journal = lake?.node.name.journal ?? "";
  const route = hotRoute({
    journal,
    erasedTo: () => lake?.node.erasedTo ?? 0,
    store,
    secret: SECRET,
    clock: fakeSystem().clock,
  });
  const context = { request, url: new URL(request.url) } as Context;
  const response = await route.handle(context);
  return { status: response.status, headers: response.headers, text: await response.text() };
}
