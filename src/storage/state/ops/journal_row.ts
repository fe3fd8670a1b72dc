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
