// Masks texts of events that are in a lake: partitions that hold some are written anew, beside
// servers that go on. No snapshot and no file of the lake has the old texts afterwards.
import { join, sql } from "../../../core/sql.ts";
import type { Masks } from "../../../core/text.ts";
import type { Clock } from "../../../core/types.ts";
import type { Run } from "../../duckdb.ts";
import { maskRule } from "../../backup/mask_stored.ts";
import { mayBeCorruption } from "../../parquet/corruption.ts";
import { literal } from "../../parquet/schema.ts";
import {
  changedColumns,
  findTextsIn,
  forgetTexts,
  isChanged,
  type TextRule,
} from "../../rewrite/rewrite_file.ts";
import { isBucket } from "../connection.ts";
import { isPassing } from "../faults.ts";
import { type Lake, probe } from "../lake.ts";
import type { Duty } from "../nodes/duty.ts";
import type { Turns } from "../nodes/turns.ts";
import { EVENTS } from "../tables.ts";
import { newestSnapshot, sitesOfLake } from "../verifying.ts";
import { expire, EXPIRED_NOW_MS } from "./expiring.ts";
import { noteMasked } from "./masked_notes.ts";
import { writePartition } from "./partition_anew.ts";
import { fileOf, filesAt, type UnreadableFile, unreadableOf } from "./unreadable.ts";

/** What was masked. */
export interface MaskedInLake {
  /** Different texts that were changed, of each site. */
  readonly texts: number;
  /** Days of sites that were written anew. */
  readonly days: number;
}

/**
 * Masks the events of every site as `masksOf` says. Rejects with a sentence where another server
 * merges files, where the lake fails, and, when all else is masked, where files cannot be read.
 * What was masked until then stays so, and the next run goes on from there.
 */
export async function maskInLake(
  lake: Lake,
  { duty, turns, clock }: {
    readonly duty: Duty;
    /** Keeps its commits from those of servers. */
    readonly turns: Turns;
    readonly clock: Clock;
  },
  { masksOf, onSite }: {
    readonly masksOf: (site: string) => Masks;
    readonly onSite: (done: number, total: number) => void;
  },
): Promise<MaskedInLake> {
  const done = { texts: 0, days: 0 };
  const unreadable: UnreadableFile[] = [];
  // A catalog that keeps bounds of texts would keep those that are masked.
  await duty.prepareErasing();
  const end = () => expire(lake, clock, clock.nowMs() + EXPIRED_NOW_MS);
  const isDone = await duty.once("upkeep", async (isHeld) => {
    try {
      const sites = await sitesOfLake(lake);
      for (const [index, site] of sites.entries()) {
        onSite(index, sites.length);
        const masks = masksOf(site);
        if (!masks.emails && !masks.tokens) continue;
        const masking = { lake, turns, clock, site, rule: maskRule(masks), isHeld };
        unreadable.push(...await maskSite(masking, done));
      }
    } catch (error) {
      // Old snapshots show what is masked so far as it was.
      await end().catch(() => {});
      throw error;
    }
    await end();
  });
  if (!isDone) {
    throw new Error(
      "Cannot mask now: a server merges files of the lake; run it again in a few minutes",
    );
  }
  if (unreadable.length > 0) throw unmaskedError(unreadable);
  return done;
}

/** How a site is masked. */
interface Masking {
  readonly lake: Lake;
  readonly turns: Turns;
  readonly clock: Clock;
  readonly site: string;
  readonly rule: TextRule;
  readonly isHeld: () => boolean;
}

/** Masks a site, and adds to `done` what it did. Resolves with the files that cannot be read. */
async function maskSite(
  masking: Masking,
  done: { texts: number; days: number },
): Promise<readonly UnreadableFile[]> {
  try {
    await maskDays(masking, [], done);
    return [];
  } catch (error) {
    const unreadable = await unreadableFor(masking, error);
    if (unreadable.length === 0) throw error;
    await maskDays(masking, unreadable.map(({ file }) => file.date), done);
    return unreadable;
  }
}

/** The files of a site that an error may come from. */
async function unreadableFor(
  { lake, site, isHeld }: Masking,
  error: unknown,
): Promise<readonly UnreadableFile[]> {
  const cause = error instanceof Error && error.cause ? error.cause : error;
  if (!isHeld() || isPassing(cause) || !mayBeCorruption(cause)) return [];
  const { dataPath } = lake;
  // Without its bucket no file can be read.
  if (isBucket(dataPath)) await lake.ask("Cannot read the bucket", probe(dataPath));
  const query = filesAt(await newestSnapshot(lake), dataPath);
  const files = (await lake.query("Cannot list the files of the lake", query)).map(fileOf);
  const found = await unreadableOf(lake.db, files.filter((file) => file.site === site));
  return found.some(({ reason }) => isPassing(reason)) ? [] : found;
}

/** Masks the days of a site, but for some. */
async function maskDays(
  { lake, turns, clock, site, rule, isHeld }: Masking,
  except: readonly string[],
  done: { texts: number; days: number },
): Promise<void> {
  const tried = `Cannot mask the events of ${site}`;
  const isLeft = except.map((date) => sql` and date <> ${literal(date)}::date`);
  const which = sql`site_id = ${literal(site)}${join(isLeft, "")}`;
  const events = sql`(select * from ${EVENTS} where ${which})`;
  try {
    const texts = await lake.attempt(
      tried,
      () => findTextsIn(lake.db, events, rule, { pause: () => Promise.resolve() }),
    );
    if (texts === 0) return;
    const found = await lake.query(
      tried,
      sql`select distinct date::varchar as date from ${events} as events
        where ${isChanged(rule)} order by date`,
    );
    for (const { date } of found) {
      // Else what another server merges meanwhile could come back.
      if (!isHeld()) throw new Error(`${tried}: PostgreSQL has ended the connection; run it again`);
      const partition = { site_id: site, date: String(date) };
      const write = (run: Run) =>
        writePartition(run, partition, {
          columns: sql`* replace (${changedColumns(rule)})`,
          note: (anew) => noteMasked(run, partition, anew, clock.nowMs()),
        });
      await turns.inTurn(() => lake.commit(tried, write));
      done.days++;
    }
    done.texts += texts;
  } finally {
    await forgetTexts(lake.db);
  }
}

/** What is told of files that cannot be read. */
function unmaskedError(unreadable: readonly UnreadableFile[]): Error {
  const days = new Set(unreadable.map(({ file: { site, date } }) => `${site} ${date}`));
  return new Error(
    `Cannot mask the lake's events of ${[...days].join(", ")}: their files cannot be read ` +
      `(${unreadable[0]?.reason}); put them back from the bucket's versions, and run it again. ` +
      "All others are masked",
  );
}
