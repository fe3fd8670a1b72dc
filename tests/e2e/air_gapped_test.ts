// The executable in a network of loopback alone: every route that reads answers, and every command
// runs. A route or command that is added is asked for here, too.
import assert from "node:assert/strict";
import { compile } from "../../scripts/compile/compile.ts";
import { NoCompileRuntime } from "../../scripts/compile/runtime.ts";
import {
  fromExecutable,
  type Program,
  runToEnd,
  ServerProcess,
} from "../../scripts/server_process.ts";
import { canIsolate } from "../../scripts/release/clean_machine.ts";
import type { CommandName } from "../../src/cli/commands.ts";
import { uuidOfSite } from "../../src/sites/site_codes.ts";
import { withFolder } from "../support/storage/storage.ts";

const SITE = "a.example";
/** Set in the process that has no way out. */
const INSIDE = "MALLARD_TEST_AIR_GAPPED";
const isInside = Deno.env.has(INSIDE);
const USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0";

const executable = await compile().catch((error) => {
  if (!(error instanceof NoCompileRuntime)) throw error;
  console.log(`Skipping the walk without a network: ${error.message}`);
  return null;
});

/** What stands for a parameter of a path or a required one of a query. */
const VALUES: Readonly<Record<string, string>> = {
  site_id: SITE,
  website_id: uuidOfSite(SITE),
  d: SITE,
  steps: "page:/,page:/b",
  page: "/",
  dimension: "page",
  parts: '[["main",{}]]',
};
/** Parameters that the description does not call required, for one of them is. */
const MORE: Readonly<Record<string, string>> = {
  "/api/stats/query": "metrics=visitors",
  "/api/v1/stats/aggregate": `site_id=${SITE}`,
  "/api/v1/stats/timeseries": `site_id=${SITE}`,
  "/api/v1/stats/breakdown": `site_id=${SITE}&property=event:page`,
  "/api/v1/stats/realtime/visitors": `site_id=${SITE}`,
  "/api/event": `u=https://${SITE}/`,
};

/** What the owner of the site has to switch on first. */
const SWITCHED_OFF = ["/api/stats/visits"];

/** Commands that talk to a running server. */
const BESIDE: readonly CommandName[] = ["health", "doctor", "keys", "seed", "sites", "export"];

/** A run of each command; all that are not in BESIDE, over the data folder of a stopped server. */
const RUNS: Readonly<Record<CommandName, readonly string[]>> = {
  serve: ["--help"],
  config: ["check"],
  doctor: ["--json"],
  health: ["--json"],
  backup: ["BACKUP"],
  verify: ["BACKUP"],
  restore: ["--help"],
  rollback: ["--help"],
  adopt: ["--help"],
  import: ["EVENTS", "--site", "b.example"],
  imports: ["list"],
  export: ["EVENTS", "--site", SITE, "--format", "ndjson"],
  takeout: ["TAKEOUT"],
  lake: ["--help"],
  sites: ["list"],
  keys: ["list"],
  seed: ["--days", "2", "--sites", "1", "--visitors", "5"],
  expiry: ["--help"],
  quarantine: ["list"],
  "hash-password": ["--help"],
  "reset-password": ["--help"],
  "privacy-audit": ["--help"],
  completions: ["bash"],
  version: ["--json"],
};

interface Described {
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
  }[];
}

/** The path and query of a request by its description. */
function pathOf(pattern: string, { parameters = [] }: Described): string {
  const path = pattern.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(VALUES[name] ?? "1"));
  const query = parameters.filter(({ in: place, required }) => place === "query" && required)
    .map(({ name }) => `${name}=${encodeURIComponent(VALUES[name] ?? "1")}`);
  return [path, [...query, MORE[pattern] ?? []].flat().join("&")].join("?");
}

/** Asks every GET route of the description; those that did not answer as they should. */
async function walkRoutes({ url }: ServerProcess, key: string): Promise<string[]> {
  const headers = { authorization: `Bearer ${key}`, "user-agent": USER_AGENT };
  const { paths } = await (await fetch(`${url}/api/openapi.json`)).json();
  const wrong: string[] = [];
  for (const [pattern, { get }] of Object.entries<{ get?: Described }>(paths)) {
    if (get === undefined) continue;
    const path = pathOf(pattern, get);
    const response = await fetch(url + path, { headers });
    const isRead = /^\/api\/stats\/|^\/api\/v1\/stats/.test(pattern) && !pattern.includes("{");
    const text = pattern.endsWith("/live") ? "" : await response.text();
    if (pattern.endsWith("/live")) await response.body?.cancel();
    const isRefused = SWITCHED_OFF.includes(pattern) && response.status === 403;
    if (response.status >= 500 || (isRead && !response.ok && !isRefused)) {
      wrong.push(`${path} ${response.status} ${text.slice(0, 100)}`);
    }
  }
  return wrong;
}

async function walkCommands(
  program: Program,
  folder: string,
  names: readonly CommandName[],
): Promise<void> {
  const places: Readonly<Record<string, string>> = {
    BACKUP: `${folder}/backup`,
    TAKEOUT: `${folder}/takeout`,
    EVENTS: `${folder}/events.ndjson`,
  };
  const env = { MALLARD_DATA_DIR: `${folder}/data` };
  for (const name of names) {
    const args = [name, ...RUNS[name].map((arg) => places[arg] ?? arg)];
    const done = await runToEnd(program, args, { cwd: folder, env });
    assert.equal(done.code, 0, `${args.join(" ")}: ${done.stderr}\n${done.stdout}`);
  }
}

Deno.test({
  name: "without a network every route that reads answers, and every command runs",
  ignore: !isInside,
  fn: () =>
    withFolder(async (folder) => {
      for (const name of ["data", "home"]) await Deno.mkdir(`${folder}/${name}`);
      const program = fromExecutable(executable?.path ?? "", `${folder}/home`);
      const server = await ServerProcess.start(program, { dataDir: `${folder}/data` }).ready();
      try {
        const headers = { "user-agent": USER_AGENT };
        for (const page of ["/", "/b"]) {
          const body = JSON.stringify({ d: SITE, n: "pageview", u: `https://${SITE}${page}` });
          const sent = await fetch(`${server.url}/api/event`, { method: "POST", headers, body });
          await sent.body?.cancel();
          assert.equal(sent.status, 202);
        }
        const args = ["keys", "create", "walk", "--scope", "Admin", "--json"];
        const env = { MALLARD_DATA_DIR: `${folder}/data` };
        const { stdout } = await runToEnd(program, args, { cwd: folder, env });
        assert.deepEqual(await walkRoutes(server, JSON.parse(stdout).key), []);
        await walkCommands(program, folder, BESIDE);
      } finally {
        assert.equal(await server.stop(), 0, server.output);
      }
      const rest = (Object.keys(RUNS) as CommandName[]).filter((name) => !BESIDE.includes(name));
      await walkCommands(program, folder, rest);
    }),
});

Deno.test({
  name: "the executable needs no way out",
  ignore: isInside || executable === null || !await canIsolate(),
  async fn() {
    const path = new URL(import.meta.url).pathname;
    const test = ["test", "--frozen", "--cached-only", "-A", "--no-check", path];
    const { code, stdout, stderr } = await new Deno.Command("unshare", {
      args: ["-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", Deno.execPath(), ...test],
      env: { [INSIDE]: "1", NO_COLOR: "1" },
    }).output();
    const decoder = new TextDecoder();
    assert.equal(code, 0, decoder.decode(stdout) + decoder.decode(stderr));
  },
});
