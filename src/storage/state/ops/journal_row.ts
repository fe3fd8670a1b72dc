// The rows of the journal, as operations take and return them.

/** A journal row on its way in: partition and the event as JSON. */
export interface JournalEntry {
  readonly site_id: string;
  readonly date: string;
  readonly event: string;
}

/** A journal row that was read back. */
export interface JournalRow extends JournalEntry {
  readonly seq: number;
}
