// How many rows of each site are in tables, kept as they come and go: who lists all sites need not
// ask DuckDB.

/** Counts by table and site. */
export class TableRows {
  readonly #tables = new Map<string, Map<string, number>>();

  /** Notes rows that a table got, or has no more where `rows` is below 0. */
  add(table: string, site: string, rows: number): void {
    const sites = this.#of(table);
    sites.set(site, (sites.get(site) ?? 0) + rows);
  }

  /** Notes how many there are. */
  set(table: string, site: string, rows: number): void {
    this.#of(table).set(site, rows);
  }

  /** Notes that a table is no more. */
  drop(table: string): void {
    this.#tables.delete(table);
  }

  /** Notes that none is. */
  clear(): void {
    this.#tables.clear();
  }

  /** Adds what is in some tables to `counts` by site. */
  addTo(counts: Map<string, number>, tables: Iterable<string>): void {
    for (const table of tables) {
      for (const [site, rows] of this.#tables.get(table) ?? []) {
        // What was inserted is noted later than what was deleted.
        if (rows > 0) counts.set(site, (counts.get(site) ?? 0) + rows);
      }
    }
  }

  #of(table: string): Map<string, number> {
    const known = this.#tables.get(table);
    if (known) return known;
    const made = new Map<string, number>();
    this.#tables.set(table, made);
    return made;
  }
}
