// The development server: on this machine only, with its own data, restarted when its
// files change, filled with lifelike traffic when it is empty. `MALLARD_…` settings still hold.
import { ROOT } from "./lib.ts";
import { seed } from "./traffic/seed.ts";
import { siteProfiles } from "../src/cli/seed/traffic.ts";

const WATCHED = ["src", "dashboard", "deno.json"];
const SETTLE_MS = 150;
const TRAFFIC = { seed: 1, days: 30, sites: 3, visitorsPerDay: 400 };

const host = Deno.env.get("MALLARD_HOST") || "127.0.0.1";
const port = Deno.env.get("MALLARD_PORT") || "8000";
const url = `http://${host === "0.0.0.0" ? "127.0.0.1" : host}:${port}`;

function start(): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--frozen", "-A", "src/main.ts", ...Deno.args],
    cwd: ROOT,
    env: {
      MALLARD_DEV: "1",
      MALLARD_HOST: host,
      MALLARD_PORT: port,
      MALLARD_LOG_FORMAT: "text",
      MALLARD_DATA_DIR: Deno.env.get("MALLARD_DATA_DIR") || `${ROOT}data/dev`,
    },
    stdin: "null",
  }).spawn();
}

async function stop(server: Deno.ChildProcess): Promise<void> {
  try {
    server.kill("SIGTERM");
  } catch {
    // It has ended by itself.
  }
  await server.status;
}

async function isReady(): Promise<boolean> {
  for (let tries = 0; tries < 300; tries++) {
    const response = await fetch(`${url}/health/ready`).catch(() => null);
    await response?.body?.cancel();
    if (response?.ok) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

/** Sends traffic, unless the first of its sites has some already. */
async function seedOnce(): Promise<void> {
  const site = siteProfiles(1)[0]?.domain ?? "";
  const answer = await fetch(`${url}/api/stats/main?site_id=${site}&period=90d`);
  if (!answer.ok) return await answer.body?.cancel();
  const { total_pageviews } = await answer.json();
  if (total_pageviews > 0) return;
  const { accepted } = await seed({ url, key: null }, { ...TRAFFIC, untilMs: Date.now() });
  console.log(`Filled with ${accepted} events of made-up traffic`);
}

async function main(): Promise<void> {
  await Deno.mkdir(`${ROOT}data`, { recursive: true });
  let server = start();
  let restarting = Promise.resolve();
  const restart = async () => {
    console.log("Files have changed: starting again");
    await stop(server);
    server = start();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, async () => {
      await stop(server);
      Deno.exit(0);
    });
  }
  if (await isReady()) {
    await seedOnce().catch((error) => console.error(error.message));
    console.log(`Look at it at ${url}/`);
  }
  let changed = 0;
  for await (const event of Deno.watchFs(WATCHED.map((path) => ROOT + path))) {
    if (event.kind === "access") continue;
    const change = ++changed;
    setTimeout(() => {
      if (change === changed) restarting = restarting.then(restart);
    }, SETTLE_MS);
  }
}

await main();
