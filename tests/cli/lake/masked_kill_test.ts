// `privacy-audit mask` over a lake, killed as a process while it writes, between what it commits,
// and while it cleans up, and run again.
import assert from "node:assert/strict";
import { type FaultyS3, faultyS3, type S3Moment } from "../../../scripts/lake/faulty_s3.ts";
import { plainRows } from "../../../scripts/lake/plain.ts";
import { fromSource, runToEnd } from "../../../scripts/server_process.ts";
import { pageview } from "../../support/events.ts";
import { lakeTest, openOverLake, partsOfFile } from "../../support/lake/lake.ts";
import { accept } from "../../support/storage/storage.ts";

const partsNow = partsOfFile();
const AT = Date.UTC(2024, 0, 15, 12) * 1000;
const DAY_US = 86_400_000_000;
const SITES = ["a.example", "b.example"];
const DAYS = 3;
const EVENTS = 12;

/** One after the other, each in a run of its own: the next goes on from where it was killed. */
const KILLS: readonly S3Moment[] = [
  { kind: "upload", number: 1, isDone: false },
  { kind: "upload", number: 1, isDone: true },
  // What the first has written is committed then.
  { kind: "upload", number: 2, isDone: true },
  { kind: "upload", number: 3, isDone: false },
  // All is masked, old snapshots have ended, and their files are there.
  { kind: "removal", number: 1, isDone: false },
  // They are gone, and the catalog does not know it yet.
  { kind: "removal", number: 1, isDone: true },
];

/** The page of an event, as it came. */
function pageOf(day: number, index: number): string {
  return index % 3 === 0 ? `/u/jo${index}@example.org/${day}` : `/plain/${index}`;
}

/** Runs the command, and kills it at a moment. */
async function killAt(
  moment: S3Moment,
  s3: FaultyS3,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const { command, args, env } = fromSource();
  const child = new Deno.Command(command, {
    args: [...args, "privacy-audit", "mask"],
    env: { ...env, ...settings },
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  s3.at(moment, async () => {
    child.kill("SIGKILL");
    await child.status;
  });
  const { signal } = await child.status;
  assert.equal(signal, "SIGKILL", `it ended before ${JSON.stringify(moment)}`);
}

lakeTest(
  "privacy-audit mask that is killed at any moment masks everything once when it is run again",
  partsNow,
  async (env, folder) => {
    const storage = await openOverLake(folder, env);
    const sent = SITES.flatMap((site_id) =>
      Array.from({ length: DAYS * EVENTS }, (_, index) => {
        const day = Math.floor(index / EVENTS);
        return { site_id, at: AT + day * DAY_US + index, page: pageOf(day, index % EVENTS) };
      })
    );
    // Each day has several files, of which some hold nothing that is masked.
    for (let turn = 0; turn < 3; turn++) {
      await accept(storage, sent.filter((_, index) => index % 3 === turn).map(pageview));
      await storage.flusher.flush();
    }
    await storage.close();

    const s3 = faultyS3(partsNow().s3Port);
    const settings = {
      ...env,
      MALLARD_STORAGE: "lake",
      MALLARD_DATA_DIR: folder,
      MALLARD_S3_ENDPOINT: s3.origin,
    };
    for (const moment of KILLS) await killAt(moment, s3, settings);
    const last = await runToEnd(fromSource(), ["privacy-audit", "mask"], {
      cwd: folder,
      env: settings,
    });
    assert.equal(last.code, 0, last.stderr);
    const rows = await plainRows(
      partsNow(),
      env,
      `select site_id, epoch_us(timestamp), pathname, count(*) from lake.events
        group by all order by all`,
    );
    const masked = (page: string) => page.replace(/jo\d+@example\.org/, "(mail)");
    const wanted = sent.map(({ site_id, at, page }) => [site_id, at, masked(page), 1]);
    assert.deepEqual(rows.sort(), wanted.sort());
    // Whatever the catalog says: no file of the bucket has a text as it came.
    const path = env["MALLARD_LAKE_DATA_PATH"]?.slice("s3://".length);
    const left = await plainRows(
      partsNow(),
      env,
      `select distinct filename
        from read_parquet('${partsNow().folder}/s3/${path}main/events/*/*/*.parquet',
          filename = true)
        where contains(pathname, '@')`,
    );
    assert.deepEqual(left, []);
    const verified = await runToEnd(fromSource(), ["lake", "verify"], {
      cwd: folder,
      env: settings,
    });
    assert.match(verified.stdout, new RegExp(`^The lake is sound: .* ${sent.length} events`));
    await s3.close();
  },
);
