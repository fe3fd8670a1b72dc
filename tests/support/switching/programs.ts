// Checks of what docs/switching.md says of programs that send for people, in each dialect.
import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert";
import type { Reply } from "../server/contract_server.ts";
import { CHROME, ROBOT } from "../server/contract_server.ts";
import type { Bench, Said, Who } from "./bench.ts";

/** Libraries as they name themselves. */
const LIBRARIES = [
  "node",
  "python-requests/2.31.0",
  "okhttp/4.12.0",
  "Go-http-client/1.1",
  "WordPress/6.5; https://a.example",
];

const WEBSITE = "b59e9c65-ae32-47f1-8400-00000000beef";
const HOST = "programs.goat.example";

/** A dialect: how an event is sent, and how its sender is told that a robot's is not counted. */
interface Dialect {
  readonly send: (bench: Bench, site: string, said: Said) => Promise<Reply>;
  readonly refused: (reply: Reply) => void;
  readonly counted: (reply: Reply) => void;
}

const DIALECTS: readonly Dialect[] = [
  {
    send: (bench, site, said) =>
      bench.ask("POST", "/api/event", { json: { d: site, n: "pageview", u: "/" }, ...said }),
    refused: ({ status, header }) => {
      equal(status, 202);
      match(header("x-mallard-notices") ?? "", /robot/);
    },
    counted: ({ status, header }) => deepEqual([status, header("x-mallard-notices")], [202, null]),
  },
  {
    send: (bench, domain, said) => {
      const json = { domain, name: "pageview", url: `https://${domain}/` };
      return bench.ask("POST", "/api/event", { json, ...said });
    },
    refused: ({ status, header }) => {
      deepEqual([status, header("x-plausible-dropped")], [202, "1"]);
    },
    counted: ({ status, header }) => {
      deepEqual([status, header("x-plausible-dropped")], [202, null]);
    },
  },
  {
    send: (bench, _, said) => {
      const json = { type: "event", payload: { website: WEBSITE, url: "/" } };
      return bench.ask("POST", "/api/send", { json, ...said });
    },
    refused: ({ status, text }) => deepEqual([status, text], [200, '{"beep":"boop"}']),
    counted: ({ status, text }) => {
      equal(status, 200);
      match(text, /"sessionId"/);
    },
  },
  {
    send: (bench, _, { headers, ...said }) =>
      bench.ask("GET", "/count?p=/", { headers: { ...headers, host: HOST }, ...said }),
    refused: ({ status, header }) => {
      equal(status, 202);
      match(header("x-goatcounter") ?? "", /robot/);
    },
    counted: ({ status, header }) => deepEqual([status, header("x-goatcounter")], [200, null]),
  },
];

/** A library is refused in each dialect's own way; with a key, it counts for its visitor. */
export async function provePrograms(bench: Bench): Promise<void> {
  const site = await bench.site({ aliases: [WEBSITE, "programs"] });
  const visitors = async () => (await bench.rows(site, "metrics=visitors,events"))[0];
  const said = (agent: string, who: Who, address: string): Said => ({
    who,
    headers: { "user-agent": agent, "x-forwarded-for": address },
  });
  for (const agent of [...LIBRARIES, ROBOT]) {
    for (const { send, refused } of DIALECTS) {
      refused(await send(bench, site, said(agent, "none", "")));
    }
  }
  for (const { send, refused } of DIALECTS) {
    refused(await send(bench, site, said(ROBOT, "reader", "")));
  }
  deepEqual(await visitors(), [0, 0]);
  for (const [number, agent] of LIBRARIES.entries()) {
    for (const { send, counted } of DIALECTS) {
      counted(await send(bench, site, said(agent, "reader", `8.8.8.${number + 1}`)));
    }
  }
  const all = LIBRARIES.length * DIALECTS.length;
  deepEqual(await visitors(), [LIBRARIES.length, all], "each address is a visitor");
  const payload = { website: WEBSITE, url: "/", userAgent: CHROME, ip: "8.8.4.4" };
  const json = { type: "event", payload };
  await bench.ask("POST", "/api/send", { json, headers: { "user-agent": "node" } });
  deepEqual(await visitors(), [LIBRARIES.length + 1, all + 1], "the visitor's own is judged");
}
