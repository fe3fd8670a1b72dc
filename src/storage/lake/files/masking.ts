// Masks texts of events that are in a lake: partitions that hold some are written anew, beside
// servers that go on. No snapshot and no file of the lake has the old texts afterwards.
import { ident, join, raw, sql } from "../../../core/sql.ts";
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
import { newestSnapshot } from "../verifying.ts";
import { expire, EXPIRED_NOW_MS } from "./expiring.ts";
import { noteMasked } from "./masked_notes.ts";
import { writePartition } from "./partition_anew.ts";
import { fileOf, filesAt, type UnreadableFile, unreadableOf } from "./unreadable.ts";

/** The table of what is looked through at once. */
const READ = raw("masked_texts");
const EVENTS_AT_ONCE = 250_000;

/** What was masked. */
export interface MaskedInLake {
  /** Different texts that were changed, of each site; of a large one in each span of days. */
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
  { masksOf, onSite, eventsAtOnce = EVENTS_AT_ONCE }: {
    readonly masksOf: (site: string) => Masks;
    readonly onSite: (done: number, total: number) => void;
    /** Events that are looked through at once, but for a day of more. */
    readonly eventsAtOnce?: number;
  },
): Promise<MaskedInLake> {
  const done = { texts: 0, days: 0 };
  const unreadable: UnreadableFile[] = [];
  // A catalog that keeps bounds of texts would keep those that are masked.
  await duty.prepareErasing();
  const end = () => expire(lake, clock, clock.nowMs() + EXPIRED_NOW_MS);
  const isDone = await duty.once("upkeep", async (isHeld) => {
    try {
      const sites = [...await spansOf(lake, eventsAtOnce)];
      for (const [index, [site, spans]] of sites.entries()) {
        onSite(index, sites.length);
        const masks = masksOf(site);
        if (!masks.emails && !masks.tokens) continue;
        const masking = { lake, turns, clock, site, rule: maskRule(masks), isHeld };
        for (const span of spans) unreadable.push(...await maskSpan(masking, span, done));
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

/** Days that follow each other: from `first`, and before `end`; from all, where one is null. */
interface Span {
  readonly first: string | null;
  readonly end: string | null;
}

/** Masks a span of a site, and adds what it did. Resolves with the files that cannot be read. */
async function maskSpan(
  masking: Masking,
  span: Span,
  done: { texts: number; days: number },
): Promise<readonly UnreadableFile[]> {
  try {
    await maskDays(masking, span, [], done);
    return [];
  } catch (error) {
    const unreadable = await unreadableFor(masking, span, error);
    if (unreadable.length === 0) throw error;
    await maskDays(masking, span, unreadable.map(({ file }) => file.date), done);
    return unreadable;
  }
}

/** The days of each site, in spans of about `eventsAtOnce`, or of one day. */
async function spansOf(
  lake: Lake,
  eventsAtOnce: number,
): Promise<ReadonlyMap<string, readonly Span[]>> {
  const files = filesAt(await newestSnapshot(lake), lake.dataPath);
  const rows = await lake.query(
    "Cannot list the files of the lake",
    sql`select site, date, sum(rows)::double as events from (${files}) as files
      group by site, date order by site, date`,
  );
  const spans = new Map<string, Span[]>();
  let events = 0;
  for (const row of rows) {
    const [site, date, more] = [String(row["site"]), String(row["date"]), Number(row["events"])];
    const known = spans.get(site) ?? [];
    const last = known.pop();
    spans.set(site, known);
    events += more;
    if (last === undefined) known.push({ first: null, end: null });
    else if (events <= eventsAtOnce) known.push(last);
    else known.push({ ...last, end: date }, { first: date, end: null });
    if (last === undefined || events > eventsAtOnce) events = more;
  }
  return spans;
}

/** The files of a span that an error may come from. */
async function unreadableFor(
  { lake, site, isHeld }: Masking,
  { first, end }: Span,
  error: unknown,
): Promise<readonly UnreadableFile[]> {
  const cause = error instanceof Error && error.cause ? error.cause : error;
  if (!isHeld() || isPassing(cause) || !mayBeCorruption(cause)) return [];
  const { dataPath } = lake;
  // Without its bucket no file can be read.
  if (isBucket(dataPath)) await lake.ask("Cannot read the bucket", probe(dataPath));
  const query = filesAt(await newestSnapshot(lake), dataPath);
  const files = (await lake.query("Cannot list the files of the lake", query)).map(fileOf)
    .filter((file) =>
      file.site === site && (first === null || file.date >= first) &&
      (end === null || file.date < end)
    );
  const found = await unreadableOf(lake.db, files);
  return found.some(({ reason }) => isPassing(reason)) ? [] : found;
}

/** Masks the days of a span, but for some. Of the others only what may be masked is read. */
async function maskDays(
  { lake, turns, clock, site, rule, isHeld }: Masking,
  { first, end }: Span,
  except: readonly string[],
  done: { texts: number; days: number },
): Promise<void> {
  const tried = `Cannot mask the events of ${site}`;
  const limits = [
    ...first === null ? [] : [sql` and date >= ${literal(first)}::date`],
    ...end === null ? [] : [sql` and date < ${literal(end)}::date`],
    ...except.map((date) => sql` and date <> ${literal(date)}::date`),
  ];
  const columns = join(rule.columns.map(ident));
  try {
    // Each file is read once, and what follows looks at what was read.
    await lake.attempt(tried, () =>
      lake.db.execute(
        sql`create or replace table ${READ} as select date, ${columns} from ${EVENTS}
          where site_id = ${literal(site)}${join(limits, "")}`,
      ));
    const texts = await findTextsIn(lake.db, READ, rule, { pause: () => Promise.resolve() });
    if (texts === 0) return;
    const found = await lake.db.query(
      sql`select distinct date::varchar as date from ${READ} as events
        where ${isChanged(rule)} order by date`,
    );
    await lake.db.execute(sql`drop table ${READ}`);
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
    await lake.db.execute(sql`drop table if exists ${READ}`);
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
