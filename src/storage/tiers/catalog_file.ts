// A Parquet file as the catalog knows it.

/**
 * A Parquet file of the partition (site, date). `path` is relative to the events folder; `bytes`
 * is its size, `rows` its events.
 */
export interface CatalogFile {
  readonly site_id: string;
  readonly date: string;
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
}
