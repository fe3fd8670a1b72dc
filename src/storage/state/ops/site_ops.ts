// Operations of mallard.sqlite for what owners set: the settings of a site, and its goals,
// segments, funnels, annotations and SQL queries. Bodies are JSON that is checked before it gets
// here. Each operation is one transaction.
import { IS_WAITING } from "../flushed_rows.ts";
import { integerOf, oneOf, textOf } from "../row.ts";
import type { Sqlite } from "../sqlite.ts";
import type { RunsOperations } from "./operations.ts";

/** The tables of this file, as one step of the schema. */
export const SITE_SCHEMA = `
  create table site_settings (
    site_id text primary key,
    settings text not null,
    created_at integer not null
  ) strict, without rowid;
  create table site_items (
    id integer primary key autoincrement,
    site_id text not null,
    kind text not null check (kind in ('goal', 'segment', 'funnel', 'annotation')),
    name text not null,
    body text not null,
    created_at integer not null,
    updated_at integer not null
  ) strict;
  create unique index site_items_by_name on site_items (site_id, kind, name)
    where kind <> 'annotation';
  create index site_items_by_site on site_items (site_id, kind, id);
`;

/** Lets an owner keep statements in SQL with a site. Ids are never given twice. */
export const QUERY_SCHEMA = `
  create table site_items_next (
    id integer primary key autoincrement,
    site_id text not null,
    kind text not null check (kind in ('goal', 'segment', 'funnel', 'annotation', 'query')),
    name text not null,
    body text not null,
    created_at integer not null,
    updated_at integer not null
  ) strict;
  insert into site_items_next select * from site_items;
  delete from sqlite_sequence where name = 'site_items_next';
  insert into sqlite_sequence (name, seq)
    select 'site_items_next', seq from sqlite_sequence where name = 'site_items';
  drop table site_items;
  alter table site_items_next rename to site_items;
  create unique index site_items_by_name on site_items (site_id, kind, name)
    where kind <> 'annotation';
  create index site_items_by_site on site_items (site_id, kind, id);
`;

/** Kinds of items that an owner keeps with a site. */
export type ItemKind = (typeof ITEM_KINDS)[number];

const ITEM_KINDS = ["goal", "segment", "funnel", "annotation", "query"] as const;

/** The settings of a declared site; `settings` is JSON, `created_at` in ms. */
export interface SiteRow {
  readonly site_id: string;
  readonly settings: string;
  readonly created_at: number;
}

/** One item kept with a site; `body` is JSON, times in ms. */
export interface ItemRow {
  readonly id: number;
  readonly site_id: string;
  readonly kind: ItemKind;
  readonly name: string;
  readonly body: string;
  readonly created_at: number;
  readonly updated_at: number;
}

function listSiteSettings(db: Sqlite): SiteRow[] {
  const rows = db.all("select site_id, settings, created_at from site_settings order by site_id");
  return rows.map((row) => ({
    site_id: textOf(row, "site_id"),
    settings: textOf(row, "settings"),
    created_at: integerOf(row, "created_at"),
  }));
}

function putSiteSettings(db: Sqlite, row: SiteRow): void {
  db.run(
    `insert into site_settings (site_id, settings, created_at) values (?, ?, ?)
      on conflict (site_id) do update set settings = excluded.settings`,
    row.site_id,
    row.settings,
    Math.floor(row.created_at),
  );
}

/** Removes the settings of a site and everything kept with it. */
function dropSite(db: Sqlite, site: string): void {
  db.transaction(() => {
    db.run("delete from site_settings where site_id = ?", site);
    db.run("delete from site_items where site_id = ?", site);
    db.run("delete from path_jobs where site_id = ?", site);
    db.run(
      `delete from sites where site_id = ?
        and not exists (select 1 from files where files.site_id = sites.site_id)
        and not exists (
          select 1 from journal where journal.site_id = sites.site_id and ${IS_WAITING})`,
      site,
    );
  });
}

function listItems(db: Sqlite): ItemRow[] {
  const rows = db.all(
    "select id, site_id, kind, name, body, created_at, updated_at from site_items order by id",
  );
  return rows.map((row) => ({
    id: integerOf(row, "id"),
    site_id: textOf(row, "site_id"),
    kind: oneOf(row, "kind", ITEM_KINDS),
    name: textOf(row, "name"),
    body: textOf(row, "body"),
    created_at: integerOf(row, "created_at"),
    updated_at: integerOf(row, "updated_at"),
  }));
}

/** Adds an item and returns its id; null when the site has one of this kind and name. */
function addItem(db: Sqlite, item: Omit<ItemRow, "id">): number | null {
  const result = db.run(
    `insert into site_items (site_id, kind, name, body, created_at, updated_at)
      values (?, ?, ?, ?, ?, ?) on conflict do nothing`,
    item.site_id,
    item.kind,
    item.name,
    item.body,
    Math.floor(item.created_at),
    Math.floor(item.updated_at),
  );
  return result.changes > 0 ? result.lastId : null;
}

/** Changes name and body; returns false when the name is taken. */
function changeItem(
  db: Sqlite,
  item: Pick<ItemRow, "id" | "name" | "body" | "updated_at">,
): boolean {
  return db.run(
    "update or ignore site_items set name = ?, body = ?, updated_at = ? where id = ?",
    item.name,
    item.body,
    Math.floor(item.updated_at),
    item.id,
  ).changes > 0;
}

function dropItem(db: Sqlite, id: number): boolean {
  return db.run("delete from site_items where id = ?", id).changes > 0;
}

/** Every operation by name, to be joined with those of the store. */
export const SITE_OPS = {
  listSiteSettings,
  putSiteSettings,
  dropSite,
  listItems,
  addItem,
  changeItem,
  dropItem,
} as const;

/** The part of the store that sites need. */
export type SiteStore = RunsOperations<typeof SITE_OPS>;
