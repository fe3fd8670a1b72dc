// The declared sites with their settings, goals, segments, funnels and annotations. A change is on
// disk before it is visible. A site is found by its id in any case; of several ids that differ in
// case alone, the exact one goes first.
import { AppError } from "../core/errors.ts";
import { ITEM_BODY_CHARS_MAX, ITEMS_MAX, SITES_MAX } from "../core/limits.ts";
import { siteKey } from "../core/site_id.ts";
import type { Clock } from "../core/types.ts";
import type { ItemKind, ItemRow, SiteStore } from "../storage/state/ops/site_ops.ts";
import { type IdChange, idChangesOf, withIdChange } from "./id_life.ts";
import {
  faultsOfSettings,
  SETTINGS_BY_DEFAULT,
  settingsAsStored,
  settingsOf,
  type SiteSettings,
} from "./settings.ts";

/** A declared site. */
export interface DeclaredSite {
  readonly site_id: string;
  readonly settings: SiteSettings;
  /** How long its ids lasted, and since when, as far as that ever changed. */
  readonly idChanges: readonly IdChange[];
  /** Milliseconds since 1970. */
  readonly created_at: number;
}

/** A goal, segment, funnel or annotation of a site. Times in milliseconds since 1970. */
export interface Item {
  readonly id: number;
  readonly site_id: string;
  readonly kind: ItemKind;
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly created_at: number;
  readonly updated_at: number;
}

/** Name and body of an item; the caller has checked both. */
export interface ItemDraft {
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Settings and items of all sites. */
export class Sites {
  readonly #store: SiteStore;
  readonly #clock: Clock;
  #sites: ReadonlyMap<string, DeclaredSite> = new Map();
  #byKey: ReadonlyMap<string, DeclaredSite> = new Map();
  #aliases: ReadonlyMap<string, string> = new Map();
  #items: ReadonlyMap<string, readonly Item[]> = new Map();
  #itemsByKey: ReadonlyMap<string, readonly Item[]> = new Map();
  /** Ids of sites that were found to be declared no more. */
  readonly #gone = new Set<string>();

  private constructor(store: SiteStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Reads everything from the store. Rejects with the store's error. */
  static async open(store: SiteStore, clock: Clock): Promise<Sites> {
    const sites = new Sites(store, clock);
    await sites.reload();
    return sites;
  }

  /** Ids of the sites that another server has removed, since the last call. */
  takeGone(): readonly string[] {
    const gone = [...this.#gone].filter((site) => !this.declared(site));
    this.#gone.clear();
    return gone;
  }

  /** Reads everything again: another server has changed it. Rejects with the store's error. */
  async reload(): Promise<void> {
    await this.#loadSites();
    await this.#loadItems();
  }

  /** The settings in use for a site, declared or not. */
  settings(site: string): SiteSettings {
    return this.declared(site)?.settings ?? SETTINGS_BY_DEFAULT;
  }

  /** A declared site, or undefined. */
  declared(site: string): DeclaredSite | undefined {
    return this.#sites.get(site) ?? this.#byKey.get(siteKey(site));
  }

  /** The declared site that has this other name, in any case. */
  ofAlias(name: string): string | undefined {
    return this.#aliases.size === 0 ? undefined : this.#aliases.get(siteKey(name));
  }

  /** Ids of the declared sites, sorted. */
  declaredIds(): readonly string[] {
    return [...this.#sites.keys()];
  }

  /** Ids of the public sites. */
  publicIds(): readonly string[] {
    return this.declaredIds().filter((id) => this.settings(id).public);
  }

  /**
   * Declares a site or changes its settings. Throws `bad_request` naming each bad key, `conflict`
   * when there are too many sites.
   */
  async put(site: string, given: Readonly<Record<string, unknown>>): Promise<DeclaredSite> {
    const changes = settingsAsStored(given);
    faultsOfSettings(changes).check("Cannot set up the site: ");
    const known = this.declared(site);
    const site_id = known?.site_id ?? site;
    this.#requireFree(site_id, changes["aliases"]);
    if (!known && this.#sites.size >= SITES_MAX) {
      throw new AppError("conflict", `Cannot add the site: there are ${SITES_MAX} already`);
    }
    const settings = { ...known?.settings, ...changes };
    const id_changes = this.#idChanges(known, settingsOf(settings));
    await this.#store.run("putSiteSettings", {
      site_id,
      settings: JSON.stringify({ ...settings, ...id_changes.length > 0 && { id_changes } }),
      created_at: known?.created_at ?? this.#clock.nowMs(),
    });
    await this.#loadSites();
    const put = this.#sites.get(site_id);
    if (!put) throw new Error(`Cannot find the site ${site_id}: it was just written`);
    return put;
  }

  /** The changes of a site's ids with that to the settings that it gets, if they change them. */
  #idChanges(known: DeclaredSite | undefined, next: SiteSettings): readonly IdChange[] {
    const { settings = SETTINGS_BY_DEFAULT, idChanges = [] } = known ?? {};
    const { visitor_id_days: days, user_ids } = next;
    if (settings.visitor_id_days === days && settings.user_ids === user_ids) return idChanges;
    const fromUs = Math.floor(this.#clock.nowMs() * 1000);
    return withIdChange(idChanges, settings.visitor_id_days, { fromUs, days });
  }

  /** Throws `conflict` where one of the other names is a site's already. */
  #requireFree(site: string, aliases: unknown): void {
    if (!Array.isArray(aliases)) return;
    for (const alias of aliases.map(String)) {
      const owner = this.ofAlias(alias) ?? this.declared(alias)?.site_id;
      if (owner === undefined || siteKey(owner) === siteKey(site)) continue;
      throw new AppError("conflict", `Cannot set up the site: ${alias} is a name of ${owner}`);
    }
  }

  /** Removes a site's settings and items. Its events are not touched. */
  async drop(site: string): Promise<void> {
    const items = this.#itemsOf(site);
    const ids = new Set([site, ...items.map((item) => item.site_id)]);
    const declared = this.declared(site);
    if (declared) ids.add(declared.site_id);
    for (const id of ids) await this.#store.run("dropSite", id);
    await this.#loadSites();
    for (const id of ids) this.#gone.delete(id);
    await this.#loadItems();
  }

  /** The items of one kind of a site, oldest first. */
  items(site: string, kind: ItemKind): readonly Item[] {
    return this.#itemsOf(site).filter((item) => item.kind === kind);
  }

  /** An item of a site by its id, or undefined. */
  item(site: string, kind: ItemKind, id: number): Item | undefined {
    return this.items(site, kind).find((item) => item.id === id);
  }

  /** Adds an item. Throws `conflict` when the name is taken or there are too many. */
  async add(site: string, kind: ItemKind, { name, body }: ItemDraft): Promise<Item> {
    if (this.items(site, kind).length >= ITEMS_MAX) {
      throw new AppError("conflict", `Cannot save the ${kind}: there are ${ITEMS_MAX} already`);
    }
    const nowMs = this.#clock.nowMs();
    const id = await this.#store.run("addItem", {
      site_id: this.#itemsOf(site)[0]?.site_id ?? this.declared(site)?.site_id ?? site,
      kind,
      name,
      body: bodyText(kind, body),
      created_at: nowMs,
      updated_at: nowMs,
    });
    if (id === null) throw nameTaken(kind, name);
    await this.#loadItems();
    return this.#kept(site, kind, id);
  }

  /** Changes an item. Throws `conflict` when the name is taken. */
  async change(item: Item, { name, body }: ItemDraft): Promise<Item> {
    const changed = await this.#store.run("changeItem", {
      id: item.id,
      name,
      body: bodyText(item.kind, body),
      updated_at: this.#clock.nowMs(),
    });
    if (!changed) throw nameTaken(item.kind, name);
    await this.#loadItems();
    return this.#kept(item.site_id, item.kind, item.id);
  }

  /** Removes an item. */
  async remove(item: Item): Promise<void> {
    await this.#store.run("dropItem", item.id);
    await this.#loadItems();
  }

  #itemsOf(site: string): readonly Item[] {
    return this.#items.get(site) ?? this.#itemsByKey.get(siteKey(site)) ?? [];
  }

  #kept(site: string, kind: ItemKind, id: number): Item {
    const item = this.item(site, kind, id);
    if (!item) throw new AppError("conflict", `Cannot find the ${kind}: it was just removed`);
    return item;
  }

  async #loadSites(): Promise<void> {
    const rows = await this.#store.run("listSiteSettings", undefined);
    const before = this.#sites;
    this.#sites = new Map(rows.map(({ site_id, settings, created_at }) => {
      const kept = objectOf(settings);
      const idChanges = idChangesOf(kept["id_changes"]);
      return [site_id, { site_id, created_at, idChanges, settings: settingsOf(kept) }];
    }));
    for (const site of before.keys()) if (!this.#sites.has(site)) this.#gone.add(site);
    const oldestLast = [...this.#sites.values()].sort((a, b) => b.created_at - a.created_at);
    this.#byKey = new Map(oldestLast.map((site) => [siteKey(site.site_id), site]));
    this.#aliases = new Map(
      oldestLast.flatMap(({ site_id, settings }) =>
        settings.aliases.map((alias): [string, string] => [siteKey(alias), site_id])
      ),
    );
  }

  async #loadItems(): Promise<void> {
    const rows = await this.#store.run("listItems", undefined);
    const items = rows.map(itemOf);
    this.#items = Map.groupBy(items, (item) => item.site_id);
    this.#itemsByKey = Map.groupBy(items, (item) => siteKey(item.site_id));
  }
}

function itemOf(row: ItemRow): Item {
  return { ...row, body: objectOf(row.body) };
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(text);
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
}

function bodyText(kind: ItemKind, body: Readonly<Record<string, unknown>>): string {
  const text = JSON.stringify(body);
  if (text.length <= ITEM_BODY_CHARS_MAX) return text;
  throw new AppError(
    "too_large",
    `Cannot save the ${kind}: it is longer than ${ITEM_BODY_CHARS_MAX}`,
  );
}

function nameTaken(kind: ItemKind, name: string): AppError {
  return new AppError("conflict", `Cannot save the ${kind}: there is one called "${name}" already`);
}
