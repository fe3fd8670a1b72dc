// When the data of a site begins: its first event, or the first day of which an import has sums.
import { DAY_US } from "../../core/durations.ts";
import { LruCache } from "../../core/lru_cache.ts";
import { type Sql, sql } from "../../core/sql.ts";
import type { Clock } from "../../core/types.ts";
import { startOfDate } from "../../core/zone.ts";
import type { Row } from "../../storage/duckdb.ts";
import type { Sums } from "../../storage/history/sums.ts";
import type { Reader, Sources } from "../../storage/reader.ts";
import type { SpanUs } from "../../storage/tiers/event_rows.ts";

/** A range to compare with may be without data at its start for this share: an hour of a day. */
const MISSING_SHARE_MAX = 1 / 24;

/** What it asks, for whoever wants to know. */
export interface DataStartParts<Asker> {
  readonly sums?: Pick<Sums, "of">;
  rows(
    site: string,
    span: SpanUs,
    build: (sources: Sources) => Sql,
    asker: Asker,
  ): Promise<Row[]>;
  zoneOf(site: string, asker: Asker): Promise<string>;
}

/** Finds where the data of sites begins. */
export class DataStart<Asker> {
  readonly #reader: Reader;
  readonly #clock: Clock;
  readonly #parts: DataStartParts<Asker>;
  /** The first event of a site by the date of its oldest file. */
  readonly #firsts = new LruCache<string, { readonly oldest: string; readonly us: number }>(1000);

  constructor(reader: Reader, clock: Clock, parts: DataStartParts<Asker>) {
    this.#reader = reader;
    this.#clock = clock;
    this.#parts = parts;
  }

  /** Time of the site's first event or imported day, null when it has none. */
  async firstUs(site: string, asker: Asker): Promise<number | null> {
    const [firstUs, imported] = await Promise.all([
      this.#firstEventUs(site, asker),
      this.#importedSpans(site, asker),
    ]);
    return earliest([firstUs ?? [], imported.map(({ fromUs }) => fromUs)].flat());
  }

  /** When data begins, where a range begins well before it; else null. */
  async within(site: string, range: SpanUs, asker: Asker): Promise<number | null> {
    const lateUs = range.fromUs + (range.toUs - range.fromUs) * MISSING_SHARE_MAX;
    const oldest = this.#reader.firstDate(site);
    if (oldest !== null && Date.parse(oldest) * 1000 + DAY_US <= lateUs) return null;
    const imported = await this.#importedSpans(site, asker);
    if (imported.some(({ fromUs, toUs }) => fromUs <= lateUs && toUs > lateUs)) return null;
    const firstUs = await this.#firstEventUs(site, asker);
    if (firstUs !== null && firstUs <= lateUs) return null;
    const starts = [firstUs ?? [], imported.map(({ fromUs }) => fromUs)].flat();
    return earliest(starts.filter((us) => us > lateUs));
  }

  async #firstEventUs(site: string, asker: Asker): Promise<number | null> {
    const oldest = this.#reader.firstDate(site);
    const known = this.#firsts.get(site);
    if (known && known.oldest === oldest) return known.us;
    // What no file holds yet may be older than every file.
    const lastUs = oldest === null ? this.#clock.nowMs() * 1000 : Date.parse(oldest) * 1000;
    const span = { fromUs: 0, toUs: Math.floor(lastUs) + DAY_US };
    const rows = await this.#parts.rows(
      site,
      span,
      ({ events }) => sql`select min(epoch_us(timestamp)) as first from ${events(span)}`,
      asker,
    );
    const first = rows[0]?.["first"];
    if (typeof first !== "number") return null;
    // Files of the oldest day are joined by earlier events of that day at most.
    if (oldest !== null) this.#firsts.set(site, { oldest, us: first });
    return first;
  }

  /** From the first to the last day of which each import has sums. */
  async #importedSpans(site: string, asker: Asker): Promise<SpanUs[]> {
    const imports = await this.#parts.sums?.of(site) ?? [];
    const zone = await this.#parts.zoneOf(site, asker);
    return imports.flatMap(({ dates }) => {
      const [first, last] = [dates[0], dates.at(-1)];
      if (first === undefined || last === undefined) return [];
      return { fromUs: startOfDate(zone, first), toUs: startOfDate(zone, last) + DAY_US };
    });
  }
}

function earliest(times: readonly number[]): number | null {
  return times.length > 0 ? Math.min(...times) : null;
}
