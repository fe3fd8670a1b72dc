// Operations of mallard.sqlite for new sites that an owner has yet to accept: their events, which
// wait outside the journal, the sites that were refused, and decisions made on the command line.
import { IS_WAITING } from "../flushed_rows.ts";
import { integerOf, oneOf, textOf } from "../row.ts";
import type { Sqlite } from "../sqlite.ts";
import type { JournalEntry, JournalRow } from "./journal_row.ts";

/** The tables of this file, as one step of the schema. */
export const PROPOSED_SCHEMA = `
  create table proposed_events (
    seq integer primary key autoincrement,
    site_id text not null,
    date text not null,
    event text not null,
    accepted_at integer not null
  ) strict;
  create index proposed_events_by_site on proposed_events (site_id, date);
  create table refused_sites (
    site_id text primary key,
    refused_at integer not null
  ) strict, without rowid;
  create table site_decisions (
    id integer primary key autoincrement,
    site_id text not null,
    decision text not null check (decision in ('accept', 'refuse', 'delete'))
  ) strict;
`;

/** What an owner can decide about a new site. */
export type SiteDecision = (typeof SITE_DECISIONS)[number];

/** Every decision. */
export const SITE_DECISIONS = ["accept", "refuse", "delete"] as const;

/** A proposed site and its waiting events. Times in milliseconds since 1970. */
export interface ProposedSite {
  readonly site_id: string;
  readonly events: number;
  readonly bytes: number;
  readonly first_at: number;
  readonly last_at: number;
}

/** Inserts events of proposed sites; part of the transaction of `append`. */
export function insertProposed(db: Sqlite, held: readonly JournalEntry[], atMs: number): void {
  for (const { site_id, date, event } of held) {
    db.run(
      "insert into proposed_events (site_id, date, event, accepted_at) values (?, ?, ?, ?)",
      site_id,
      date,
      event,
      Math.floor(atMs),
    );
  }
}

function listProposed(db: Sqlite): ProposedSite[] {
  const rows = db.all(
    `select site_id, count(*) as events, sum(length(event)) as bytes,
        min(accepted_at) as first_at, max(accepted_at) as last_at
      from proposed_events group by site_id order by site_id`,
  );
  return rows.map((row) => ({
    site_id: textOf(row, "site_id"),
    events: integerOf(row, "events"),
    bytes: integerOf(row, "bytes"),
    first_at: integerOf(row, "first_at"),
    last_at: integerOf(row, "last_at"),
  }));
}

/**
 * Moves the events of a proposed site into the journal; returns its new rows. They are of `into`
 * from now on, an id that differs in case alone.
 */
function acceptProposed(
  db: Sqlite,
  { site_id, into = site_id, atMs }: {
    readonly site_id: string;
    readonly into?: string;
    readonly atMs: number;
  },
): JournalRow[] {
  return db.transaction(() => {
    allowSite(db, site_id);
    if (into !== site_id) {
      db.run(
        `update proposed_events set event = json_set(event, '$.site_id', ?)
          where site_id = ? and json_valid(event)`,
        into,
        site_id,
      );
    }
    const rows = db.all(
      "select date, event from proposed_events where site_id = ? order by seq",
      site_id,
    );
    if (rows.length === 0) return [];
    db.run(
      "insert into sites (site_id, created_at) values (?, ?) on conflict do nothing",
      into,
      Math.floor(atMs),
    );
    const moved = rows.map((row) => {
      const entry = { site_id: into, date: textOf(row, "date"), event: textOf(row, "event") };
      const { lastId } = db.run(
        "insert into journal (site_id, date, event) values (?, ?, ?)",
        entry.site_id,
        entry.date,
        entry.event,
      );
      return { ...entry, seq: lastId };
    });
    db.run("delete from proposed_events where site_id = ?", site_id);
    return moved;
  });
}

/** Deletes the events of a proposed site; with `refuseMs`, its later ones are refused. */
function dropProposed(
  db: Sqlite,
  { site_id, refuseMs }: { readonly site_id: string; readonly refuseMs: number | null },
): void {
  db.transaction(() => {
    db.run("delete from proposed_events where site_id = ?", site_id);
    if (refuseMs === null) allowSite(db, site_id);
    else refuseSite(db, { site_id, atMs: refuseMs });
  });
}

/** Deletes what waits of a site up to a UTC date, included; returns the number of events. */
function expireProposed(
  db: Sqlite,
  { site_id, lastDate }: { readonly site_id: string; readonly lastDate: string },
): number {
  return db.run(
    "delete from proposed_events where site_id = ? and date <= ?",
    site_id,
    lastDate,
  ).changes;
}

/** Refuses later events of a site. */
function refuseSite(
  db: Sqlite,
  { site_id, atMs }: { readonly site_id: string; readonly atMs: number },
): void {
  db.run(
    "insert into refused_sites (site_id, refused_at) values (?, ?) on conflict do nothing",
    site_id,
    Math.floor(atMs),
  );
}

/** Refuses them no longer. */
function allowSite(db: Sqlite, site: string): void {
  db.run("delete from refused_sites where site_id = ?", site);
}

function listRefused(db: Sqlite): string[] {
  return db.all("select site_id from refused_sites order by site_id")
    .map((row) => textOf(row, "site_id"));
}

/** Sites that had events and that nobody declared. */
function listUndeclared(db: Sqlite): string[] {
  return db.all(
    `select site_id from sites
      where site_id not in (select site_id from site_settings) order by site_id`,
  ).map((row) => textOf(row, "site_id"));
}

/** Sites that have had events. */
function listWithEvents(db: Sqlite): string[] {
  return db.all("select site_id from sites order by site_id").map((row) => textOf(row, "site_id"));
}

/** Whether anything of a site is in the journal, in a file, or in the sums of an import. */
function hasEvents(db: Sqlite, site: string): boolean {
  return db.get(
    `select 1 where exists (select 1 from files where site_id = ?)
      or exists (select 1 from journal where site_id = ? and ${IS_WAITING})
      or exists (select 1 from past_sum_days where site_id = ?)`,
    site,
    site,
    site,
  ) !== undefined;
}

/** Keeps decisions for the server that runs now or next. */
function addDecisions(
  db: Sqlite,
  { sites, decision }: { readonly sites: readonly string[]; readonly decision: SiteDecision },
): void {
  db.transaction(() => {
    for (const site of sites) {
      db.run("insert into site_decisions (site_id, decision) values (?, ?)", site, decision);
    }
  });
}

/** Decisions in the order in which they were made. */
function listDecisions(
  db: Sqlite,
): { readonly id: number; readonly site_id: string; readonly decision: SiteDecision }[] {
  return db.all("select id, site_id, decision from site_decisions order by id").map((row) => ({
    id: integerOf(row, "id"),
    site_id: textOf(row, "site_id"),
    decision: oneOf(row, "decision", SITE_DECISIONS),
  }));
}

function forgetDecision(db: Sqlite, id: number): void {
  db.run("delete from site_decisions where id = ?", id);
}

/** Every operation by name, to be joined with those of the store. */
export const PROPOSED_OPS = {
  listProposed,
  acceptProposed,
  dropProposed,
  expireProposed,
  refuseSite,
  allowSite,
  listRefused,
  listUndeclared,
  listWithEvents,
  hasEvents,
  addDecisions,
  listDecisions,
  forgetDecision,
} as const;
