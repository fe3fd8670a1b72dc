// One running server for the checks of docs/switching.md: each check has sites of its own, and asks
// as a visitor's browser, or with a key.
import { strictEqual as equal } from "node:assert";
import { CHROME, ContractServer, type Reply } from "../server/contract_server.ts";

const PASSWORD = "correct horse";

/** With which key a request is sent; none is a visitor's. */
export type Who = "none" | "reader" | "admin";

/** What a request says. */
export interface Said {
  readonly who?: Who;
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Proves the statement of one line. */
export type Check = (bench: Bench) => Promise<void>;

/** Checks by the first cell of their line. */
export type Checks = Readonly<Record<string, Check>>;

/** The server and its keys. */
export class Bench {
  readonly server: ContractServer;
  readonly token: string;
  readonly #keys: Readonly<Record<Who, string>>;
  #sites = 0;

  private constructor(server: ContractServer, token: string, keys: Record<Who, string>) {
    this.server = server;
    this.token = token;
    this.#keys = keys;
  }

  static async open(): Promise<Bench> {
    const server = await ContractServer.start({ env: { MALLARD_ADMIN_PASSWORD: PASSWORD } });
    const owner = new Bench(server, "", { none: "", reader: "", admin: "" });
    const { token } = (await owner.signIn()).json<{ token: string }>();
    const keyOf = async (scope: string) => {
      const headers = { authorization: `Bearer ${token}` };
      const said = { json: { name: "n", scope }, headers };
      return (await owner.ask("POST", "/api/keys", said)).json<{ key: string }>().key;
    };
    const keys = { none: "", reader: await keyOf("ReadOnly"), admin: await keyOf("Admin") };
    return new Bench(server, token, keys);
  }

  close(): Promise<void> {
    return this.server.close();
  }

  /** Signs in as Umami's clients do. */
  signIn(): Promise<Reply> {
    return this.ask("POST", "/api/auth/login", { json: { username: "ada", password: PASSWORD } });
  }

  ask(method: string, path: string, said: Said = {}): Promise<Reply> {
    const { who = "none", json, body, headers = {} } = said;
    const content = json === undefined ? body : JSON.stringify(json);
    return this.server.ask(method, path, {
      headers: {
        "user-agent": CHROME,
        ...(who === "none" ? {} : { authorization: `Bearer ${this.#keys[who]}` }),
        ...headers,
      },
      ...(content === undefined ? {} : { body: content }),
    });
  }

  /** The status of a request. */
  async status(method: string, path: string, said: Said = {}): Promise<number> {
    return (await this.ask(method, path, said)).status;
  }

  /** What a reader is told. */
  async read(path: string, headers: Said["headers"] = {}): Promise<unknown> {
    const reply = await this.ask("GET", path, { who: "reader", headers });
    equal(reply.status, 200, `${path}: ${reply.text}`);
    return reply.json<unknown>();
  }

  /** Declares a site of a new name. */
  async site(settings: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const site_id = `s${++this.#sites}.example`;
    const said = { who: "admin", json: { site_id, ...settings } } as const;
    const reply = await this.ask("POST", "/api/sites", said);
    equal(reply.status, 201, reply.text);
    return site_id;
  }

  /** Changes the settings of a site. */
  async set(site: string, settings: Readonly<Record<string, unknown>>): Promise<void> {
    const reply = await this.ask("PATCH", `/api/sites/${site}`, { who: "admin", json: settings });
    equal(reply.status, 200, reply.text);
  }

  /** Brings in events of the past; times are ISO, `u` is a path. */
  async past(
    site: string,
    events: readonly (readonly [
      at: string,
      visitor: number,
      fields: Readonly<Record<string, unknown>>,
    ])[],
  ): Promise<void> {
    const lines = events.map(([at, visitor, fields]) => {
      const u = `https://${site}${fields["u"]}`;
      const who = { ip: `8.8.8.${visitor}`, ua: CHROME };
      return JSON.stringify({ d: site, n: "pageview", at, ...who, ...fields, u });
    });
    const headers = { "content-type": "application/x-ndjson" };
    const said = { who: "admin", body: lines.join("\n"), headers } as const;
    const reply = await this.ask("POST", "/api/import", said);
    equal(dig(reply.json(), "accepted"), events.length, reply.text);
  }

  /** Rows of a question about the last days: its dimensions, then its metrics. */
  async rows(site: string, query: string): Promise<unknown[][]> {
    const found = await this.read(`/api/stats/query?site_id=${site}&period=28d&${query}`);
    const results = dig(found, "results");
    return (Array.isArray(results) ? results : []).map((row) => [
      ...Object.values(dig(row, "dimensions") ?? {}),
      ...Object.values(dig(row, "metrics") ?? {}),
    ]);
  }

  /** Events by name and page. */
  events(site: string): Promise<unknown[][]> {
    const order = "order_by=name:asc,page:asc";
    return this.rows(site, `metrics=events&dimensions=name,page&${order}`);
  }
}

/** What lies inside of a value. */
export function dig(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null
        ? (inner as Readonly<Record<string, unknown>>)[key]
        : undefined,
    value,
  );
}

/** Each entry of a list at one key. */
export function each(value: unknown, ...path: readonly (string | number)[]): unknown[] {
  return Array.isArray(value) ? value.map((one) => dig(one, ...path)) : [];
}

/** The first `count` days before today, as a day in UTC. */
export function daysAgo(count: number): string {
  return new Date(Date.now() - count * 86_400_000).toISOString().slice(0, 10);
}
