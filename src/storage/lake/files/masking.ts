// Masks texts of events that are in a lake: partitions that hold some are written anew, beside
// servers that go on. No snapshot and no file of the lake has the old texts afterwards.
import { raw, sql } from "../../../core/sql.ts";
import type { Masks } from "../../../core/text.ts";
import type { Clock } from "../../../core/types.ts";
import { maskRule } from "../../backup/mask_stored.ts";
import { literal } from "../../parquet/schema.ts";
import {
  changedColumns,
  findTextsIn,
  forgetTexts,
  isChanged,
  type TextRule,
} from "../../rewrite/rewrite_file.ts";
import type { Lake } from "../lake.ts";
import type { Duty } from "../nodes/duty.ts";
import type { Partition } from "../../parquet/partition.ts";
import { EVENTS } from "../tables.ts";
import { sitesOfLake } from "../verifying.ts";
import { expire, EXPIRED_NOW_MS } from "./expiring.ts";
import { noteMasked, ofPartition } from "./masked_notes.ts";

/** What was masked. */
export interface MaskedInLake {
  /** Different texts that were changed, of each site. */
  readonly texts: number;
  /** Days of sites that were written anew. */
  readonly days: number;
}

/**
 * Masks the events of every site as `masksOf` says. Rejects with a sentence where another server
 * merges files, and where the lake fails; what was masked until then stays so, and the next run
 * goes on from there.
 */
export async function maskInLake(
  lake: Lake,
  duty: Duty,
  clock: Clock,
  { masksOf, onSite }: {
    readonly masksOf: (site: string) => Masks;
    readonly onSite: (done: number, total: number) => void;
  },
): Promise<MaskedInLake> {
  const done = { texts: 0, days: 0 };
  // A catalog that keeps bounds of texts would keep those that are masked.
  await duty.prepareErasing();
  const isDone = await duty.once("upkeep", async (isHeld) => {
    const sites = await sitesOfLake(lake);
    for (const [index, site] of sites.entries()) {
      onSite(index, sites.length);
      const masks = masksOf(site);
      if (!masks.emails && !masks.tokens) continue;
      const { texts, days } = await maskSite(lake, clock, site, maskRule(masks), isHeld);
      done.texts += texts;
      done.days += days;
    }
    await expire(lake, clock, clock.nowMs() + EXPIRED_NOW_MS);
  });
  if (isDone) return done;
  throw new Error(
    "Cannot mask now: a server merges files of the lake; run it again in a few minutes",
  );
}

async function maskSite(
  lake: Lake,
  clock: Clock,
  site: string,
  rule: TextRule,
  isHeld: () => boolean,
): Promise<MaskedInLake> {
  const tried = `Cannot mask the events of ${site}`;
  const ofSite = sql`site_id = ${literal(site)}`;
  const events = sql`(select * from ${EVENTS} where ${ofSite})`;
  try {
    const texts = await lake.attempt(
      tried,
      () => findTextsIn(lake.db, events, rule, { pause: () => Promise.resolve() }),
    );
    if (texts === 0) return { texts, days: 0 };
    const found = await lake.query(
      tried,
      sql`select distinct date::varchar as date from ${events} as events
        where ${isChanged(rule)} order by date`,
    );
    for (const { date } of found) {
      // Else what another server merges meanwhile could come back.
      if (!isHeld()) throw new Error(`${tried}: PostgreSQL has ended the connection; run it again`);
      await writeAnew(lake, tried, { site_id: site, date: String(date) }, rule, clock.nowMs());
    }
    return { texts, days: found.length };
  } finally {
    await forgetTexts(lake.db);
  }
}

/** Writes a partition anew, in one commit: no statement sees it without events, or with both. */
async function writeAnew(
  lake: Lake,
  tried: string,
  partition: Partition,
  rule: TextRule,
  nowMs: number,
): Promise<void> {
  const which = ofPartition(partition);
  await lake.commit(tried, async (run) => {
    await run(
      sql`create or replace temp table anew as
        select * replace (${changedColumns(rule)}) from ${EVENTS} as events where ${which}`,
    );
    await noteMasked(run, partition, raw("anew"), nowMs);
    await run(sql`delete from ${EVENTS} where ${which}`);
    await run(sql`insert into ${EVENTS} by name select * from anew order by timestamp`);
    await run(raw("drop table anew"));
  });
}
