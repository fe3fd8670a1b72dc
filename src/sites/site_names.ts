// The id under which a site is known: ids that differ in case alone are one site, under the first
// of them. Data folders of before may hold several; each stays a site until they are merged.
import { siteKey, SiteSpellings } from "../core/site_id.ts";
import { hostNames } from "../net/host.ts";

/** Where sites are known from. */
export interface NameSources {
  /** Sites that have had events. */
  readonly data: () => Pick<SiteSpellings, "of" | "several">;
  /** The proposed and refused sites that differ from this one in case alone. */
  readonly proposed: (site: string) => readonly string[];
  /** The id under which an owner declared the site, in whatever case. */
  readonly declared: (site: string) => string | undefined;
  /** The declared site that has this other name; none when missing. */
  readonly ofAlias?: (name: string) => string | undefined;
}

/** Finds sites by their ids in any case. */
export class SiteNames {
  readonly #sources: NameSources;
  readonly #listed: SiteSpellings;
  /** Sites whose first events are about to be stored. */
  readonly #taken = new SiteSpellings();

  /** `site_ids` is the setting. */
  constructor(sources: NameSources, { site_ids }: { readonly site_ids: readonly string[] }) {
    this.#sources = sources;
    this.#listed = new SiteSpellings(site_ids);
  }

  /** The id under which events of a site are stored, or would be. */
  idOf(site: string): string {
    const known = this.#known(site);
    if (known.includes(site)) return site;
    return known[0] ?? this.#sources.declared(site) ?? this.#listed.of(site)[0] ??
      this.#sources.ofAlias?.(site) ?? site;
  }

  /**
   * The same for an event: the site that has this for another name goes first. A site that nobody
   * knows is the listed or declared one that differs by `www.` before it, or whose other name does,
   * if there is one.
   */
  idForEvent(site: string): string {
    const ofAlias = this.#sources.ofAlias?.(site);
    if (ofAlias !== undefined) return this.idOf(ofAlias);
    const known = this.#known(site);
    if (known.includes(site)) return site;
    if (known.length > 0 || this.isDeclared(site)) return this.idOf(site);
    const names = hostNames(siteKey(site));
    const other = names.find((name) => this.isDeclared(name)) ??
      names.map((name) => this.#sources.ofAlias?.(name)).find((id) => id !== undefined);
    return this.idOf(other ?? site);
  }

  /** Whether a site has this very name, apart from case: by its events, an owner, or an alias. */
  isKnown(site: string): boolean {
    return this.#known(site).length > 0 || this.isDeclared(site) ||
      this.#sources.ofAlias?.(site) !== undefined;
  }

  /** Whether an owner listed or declared the site. */
  isDeclared(site: string): boolean {
    return this.#listed.of(site).length > 0 || this.#sources.declared(site) !== undefined;
  }

  /** Whether an owner listed or declared the host of a page that sends events, or named it so. */
  isDeclaredHost(host: string): boolean {
    return hostNames(host).some((name) =>
      this.isDeclared(name) || this.#sources.ofAlias?.(name) !== undefined
    );
  }

  /** Every id under which events of the site are stored, this one or more. */
  idsOf(site: string): readonly string[] {
    const ids = this.#sources.data().of(site);
    return ids.length > 0 ? ids : [this.idOf(site)];
  }

  /** Ids of the same sites, of those that have events: to be merged. */
  several(): readonly (readonly string[])[] {
    return this.#sources.data().several().map((ids) => [...ids].sort());
  }

  /** Remembers the id of a new site whose events are accepted. */
  take(site: string): void {
    if (this.#known(site).length === 0) this.#taken.add(site);
  }

  /** Forgets a site that was deleted: the next event may name it in another case. */
  forget(site: string): void {
    this.#taken.delete(site);
  }

  #known(site: string): readonly string[] {
    const stored = this.#sources.data().of(site);
    if (stored.length > 0) return stored;
    const proposed = this.#sources.proposed(site);
    return proposed.length > 0 ? proposed : this.#taken.of(site);
  }
}
