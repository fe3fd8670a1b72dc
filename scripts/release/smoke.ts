// `deno task release:smoke FILE`: whether an executable works on this machine: it is started alone
// in an empty folder, counts, answers, and still knows it after a second start.
import manifest from "../../deno.json" with { type: "json" };
import { fromExecutable, type Program, runToEnd, ServerProcess } from "../server_process.ts";

const USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0";

/** Rejects where the executable does not do what a release must. */
export async function smoke(path: string): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "mallard_smoke_" });
  try {
    await Deno.mkdir(`${folder}/data`);
    const program = fromExecutable(path, folder);
    const version = await runToEnd(program, ["--version"], { cwd: folder });
    expect("the version", version.stdout.trim(), `mallard ${manifest.version}`);
    for (const [start, pageviews] of [["first", 1], ["second", 2]] as const) {
      await startAndCount(program, `${folder}/data`, start, pageviews);
    }
  } finally {
    // Windows keeps a loaded library for a moment after its process has ended.
    await Deno.remove(folder, { recursive: true }).catch(() => {});
  }
}

async function startAndCount(program: Program, dataDir: string, start: string, pageviews: number) {
  const server = await ServerProcess.start(program, { dataDir }).ready();
  try {
    const sent = await fetch(`${server.url}/api/event`, {
      method: "POST",
      headers: { "user-agent": USER_AGENT },
      body: JSON.stringify({ d: "example.com", n: "pageview", u: "https://example.com/" }),
    });
    await sent.body?.cancel();
    expect(`the answer to an event of the ${start} start`, sent.status, 202);
    const asked = await fetch(`${server.url}/api/stats/main?site_id=example.com&period=7d`);
    const { total_pageviews } = await asked.json();
    expect(`the pageviews of the ${start} start`, total_pageviews, pageviews);
    const page = await fetch(`${server.url}/`);
    await page.body?.cancel();
    expect("the dashboard's status", page.status, 200);
  } finally {
    const code = await server.stop();
    // There a process is ended from outside only by killing it.
    if (Deno.build.os !== "windows") expect(`the exit code of the ${start} start`, code, 0);
  }
}

function expect(what: string, found: unknown, wanted: unknown): void {
  if (found !== wanted) throw new Error(`Cannot release: ${what} is ${found}, not ${wanted}`);
}

if (import.meta.main) {
  const [path] = Deno.args;
  if (path === undefined) {
    console.error("deno task release:smoke FILE");
    Deno.exit(2);
  }
  await smoke(await Deno.realPath(path));
  console.log(`${path} works`);
}
