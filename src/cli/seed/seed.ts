// `mallard seed`: made-up traffic for a running server, so that a dashboard can be looked at before
// the first visitor comes.
import { askOwnServer } from "../../runtime/owner_socket.ts";
import { asJson, type Command, dataDirOf, JSON_OPTION, succeeded } from "../command.ts";
import { withProgress } from "../progress.ts";
import { askServer, refusalOf } from "../server.ts";
import { type PastEvent, siteProfiles, traffic } from "./traffic.ts";

const EVENTS_A_REQUEST = 4_000;
const TRIES_MAX = 20;
const DAYS_MAX = 400;

/** The row of COMMANDS. */
export const SEED = {
  args: [],
  doc: "send made-up visits of made-up sites to the running server, to look at its dashboard; " +
    "delete the sites afterwards. It refuses where one of them is there already",
  options: {
    days: { type: "string", value: "N", doc: "days before this moment (30)" },
    sites: { type: "string", value: "N", doc: "sites (3)" },
    visitors: { type: "string", value: "N", doc: "visitors of the busiest site a day (400)" },
    json: JSON_OPTION,
  },
  example: "mallard seed --days 90 --sites 1",
  run: async (context) => {
    const { config, system: { clock }, terminal, options = {} } = context;
    const dataDir = dataDirOf(config);
    const number = (name: string, byDefault: number, max: number) => {
      const value = Number(options[name] ?? byDefault);
      if (Number.isInteger(value) && value >= 1 && value <= max) return value;
      throw new Error(`Cannot read --${name} ${options[name]}: it must be a number up to ${max}`);
    };
    const wanted = {
      seed: 1,
      untilMs: clock.nowMs(),
      days: number("days", 30, DAYS_MAX),
      sites: number("sites", 3, 20),
      visitorsPerDay: number("visitors", 400, 20_000),
    };
    const sites = siteProfiles(wanted.sites).map(({ domain }) => domain);
    const known = await askServer(context, "Cannot seed", { path: "/api/sites" });
    const taken = (known as readonly { readonly site_id: string }[])
      .find(({ site_id }) => sites.includes(site_id));
    if (taken) throw new Error(`Cannot seed: ${taken.site_id} is there already; delete it first`);
    const send = (events: readonly PastEvent[]) =>
      post(dataDir, `${config.base_path}/api/import`, events, (ms) => clock.sleep(ms));
    const accepted = await withProgress(terminal, clock, "days", async (progress) => {
      let [sum, days] = [0, 0];
      for (const events of traffic(wanted)) {
        for (let from = 0; from < events.length; from += EVENTS_A_REQUEST) {
          sum += await send(events.slice(from, from + EVENTS_A_REQUEST));
        }
        progress(Math.min(++days, wanted.days), wanted.days);
      }
      return sum;
    });
    if (options["json"]) return asJson({ accepted, sites });
    return succeeded(`Sent ${accepted} events of ${sites.join(", ")}`);
  },
} as const satisfies Command;

/** Sends one request; where the server is busy, again later: it kept nothing of a refused one. */
async function post(
  dataDir: string,
  path: string,
  events: readonly PastEvent[],
  sleep: (ms: number) => Promise<void>,
): Promise<number> {
  const body = events.map((event) => JSON.stringify(event)).join("\n");
  const headers = { "content-type": "application/x-ndjson" };
  for (let tries = 1;; tries++) {
    const response = await askOwnServer(dataDir, path, { method: "POST", headers, body });
    if (response === null) throw new Error("Cannot seed: the server has ended");
    if (response.ok) return (await response.json()).accepted;
    if (response.status !== 503 || tries >= TRIES_MAX) {
      throw new Error(await refusalOf(response, "Cannot seed"));
    }
    await response.body?.cancel();
    await sleep(500);
  }
}
