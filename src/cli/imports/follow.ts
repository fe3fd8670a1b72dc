// `mallard import --follow FILE`: sends new lines of an access log to the running server, until it
// is stopped. Started again, it goes on where it was.
import { basename, resolve } from "node:path";
import { SECOND_MS } from "../../core/durations.ts";
import { Follower } from "../../imports/follow/follower.ts";
import { readLogLines } from "../../imports/follow/log_lines.ts";
import { askOwnServer } from "../../runtime/owner_socket.ts";
import { digestOfBytes } from "../../storage/digest.ts";
import { Db } from "../../storage/duckdb.ts";
import { type CommandContext, type CommandResult, dataDirOf } from "../command.ts";
import { refusalOf } from "../server.ts";

const MEMORY_LIMIT = "64MiB";
/** The server took these events before. */
const CONFLICT = 409;
/** The server cannot take them now. */
const LATER: readonly number[] = [429, 500, 502, 503, 504, 507];

/** Follows a log. Never resolves: it is stopped with a signal. */
export async function follow(context: CommandContext, site: string): Promise<CommandResult> {
  const { config, system, host, args, options = {}, terminal } = context;
  const [only, more] = args;
  if (only === undefined || more !== undefined) {
    throw new Error("Cannot follow: name one file");
  }
  for (const name of ["dry-run", "days", "website", "tool", "json"]) {
    if (options[name] !== undefined) throw new Error(`Cannot follow with --${name}`);
  }
  const { clock, files } = system;
  const path = resolve(only);
  if (await files.size(path) === null) throw new Error(`Cannot follow ${only}: it is missing`);
  if (!await files.isFile(path)) throw new Error(`Cannot follow ${only}: it is no plain file`);
  const dataDir = dataDirOf(config);
  const id = (await digestOfBytes(new TextEncoder().encode(JSON.stringify([site, path]))))
    .slice(0, 16);
  const folder = `${dataDir}/follow/${id}`;
  await files.makeDir(folder);
  const db = await Db.open(await host.loadDuckDb(), clock, {
    folder: dataDir,
    spillFolder: `${folder}/spill`,
    memoryLimit: MEMORY_LIMIT,
    threads: 1,
    readers: 1,
  });
  const tell = (line: string) => terminal.tell([line]);
  const name = basename(path);
  const follower = new Follower({
    files,
    tell,
    read: (lines, head) => readLogLines(db, files, { lines, head, name, site, folder }),
    send: sender(context),
  }, { path, site, folder });
  tell(`Following ${path} into ${site}`);
  try {
    for (;;) if (!await follower.step()) await clock.sleep(SECOND_MS);
  } finally {
    await db.close();
  }
}

/** Sends events to the running server; says once that it does not take any. */
function sender(
  { config, terminal }: CommandContext,
): (body: string, key: string) => Promise<boolean> {
  let isAnswering = true;
  return async (body, key) => {
    const response = await askOwnServer(dataDirOf(config), `${config.base_path}/api/import`, {
      method: "POST",
      headers: { "content-type": "application/x-ndjson", "idempotency-key": key },
      body,
    });
    if (response === null || LATER.includes(response.status)) {
      if (isAnswering) terminal.tell(["No server takes events now: waiting for it"]);
      isAnswering = false;
      return false;
    }
    isAnswering = true;
    if (response.status === CONFLICT) return true;
    if (!response.ok) throw new Error(await refusalOf(response, "Cannot follow"));
    const { rejected_count, rejected } = await response.json();
    if (rejected_count > 0) {
      terminal.tell([`${rejected_count} events were rejected: ${rejected[0]?.error ?? ""}`]);
    }
    return true;
  };
}
