// The rows of the journal, as operations receive and return them.

/** A journal row to be added: partition and the event as JSON. */
export interface JournalEntry {
  readonly site_id: string;
  readonly date: string;
  readonly event: string;
}

/** A journal row that was read back. */
export interface JournalRow extends JournalEntry {
  readonly seq: number;
}

/** Neither a site id, nor a date, nor JSON holds these. */
const BETWEEN_ROWS = "\n";
const BETWEEN_FIELDS = "\t";

/** A row as part of a text: one text crosses to another thread at less than a tenth of the cost. */
export function packRow(site_id: string, date: string, event: string): string {
  return site_id + BETWEEN_FIELDS + date + BETWEEN_FIELDS + event + BETWEEN_ROWS;
}

/** The fields of packed rows, three of each row, in order. */
export function unpackRows(text: string): string[] {
  const fields: string[] = [];
  for (let at = 0; at < text.length;) {
    const site = text.indexOf(BETWEEN_FIELDS, at);
    const date = text.indexOf(BETWEEN_FIELDS, site + 1);
    const event = text.indexOf(BETWEEN_ROWS, date + 1);
    if (site < 0 || date < 0 || event < 0) throw new Error("Cannot read journal rows: cut short");
    fields.push(text.slice(at, site), text.slice(site + 1, date), text.slice(date + 1, event));
    at = event + 1;
  }
  return fields;
}
