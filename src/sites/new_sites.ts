// What an owner decides about new sites: accept, refuse or delete, many at once, here or on the
// command line. An accepted site is declared, and its waiting events are counted.
import { AppError, messageOf } from "../core/errors.ts";
import { siteKey } from "../core/site_id.ts";
import type { Log } from "../core/types.ts";
import type { SharedProposals } from "../storage/shared/shared_proposals.ts";
import type { ProposedSite, SiteDecision } from "../storage/state/ops/proposed_ops.ts";
import type { Store } from "../storage/state/store.ts";
import type { Proposals } from "../storage/tiers/proposals.ts";
import type { SiteAdmission } from "./admission.ts";
import type { SiteNames } from "./site_names.ts";
import type { Sites } from "./sites.ts";

/** The parts of storage that decisions change. */
export interface DecisionStorage {
  readonly store: Pick<Store, "run">;
  readonly proposals: Proposals;
  /** Counts a proposed site from now on; resolves with the number of its events. */
  acceptProposed(site: string, into?: string): Promise<number>;
  /** Forgets a site that has no events any more. */
  forgetSite(site: string): Promise<boolean>;
  /** Ids of the sites that have had events. */
  known(): readonly string[];
  /** Erases every event of a site. */
  erase(site: string): Promise<unknown>;
  /** Tells other servers whether an owner refuses a site, where there are some. */
  refuse?(site: string, isRefused: boolean): Promise<void>;
  /** What waits on other servers, where there are some. */
  readonly others?: Pick<
    SharedProposals,
    "isReached" | "share" | "dropped" | "ofOthers" | "drop"
  >;
}

/** The sites that nobody declared, by what becomes of their events. */
export interface NewSitesList {
  readonly proposed: readonly ProposedSite[];
  readonly refused: readonly string[];
  /** Their events are counted. */
  readonly undeclared: readonly string[];
}

/** New sites and decisions about them. */
export class NewSites {
  readonly #sites: Sites;
  readonly #names: SiteNames;
  readonly #storage: DecisionStorage;
  readonly #admission: Pick<SiteAdmission, "forget">;
  readonly #log: Log;

  constructor(
    sites: Sites,
    names: SiteNames,
    storage: DecisionStorage,
    admission: Pick<SiteAdmission, "forget">,
    log: Log,
  ) {
    this.#sites = sites;
    this.#names = names;
    this.#storage = storage;
    this.#admission = admission;
    this.#log = log;
  }

  /** The new sites, of all servers. Rejects with `unavailable` where the others' are not known. */
  async list(): Promise<NewSitesList> {
    const { proposals } = this.#storage;
    const proposed = added(proposals.list(), await this.#waitingElsewhere());
    const waiting = new Set(proposed.map(({ site_id }) => siteKey(site_id)));
    return {
      proposed,
      refused: proposals.refused(),
      undeclared: this.#storage.known().filter((site) =>
        !this.#names.isDeclared(site) && !waiting.has(siteKey(site))
      ),
    };
  }

  /** Tells other servers what waits here, and deletes what they want to be deleted. */
  async share(): Promise<void> {
    const { others, proposals } = this.#storage;
    if (!others?.isReached) return;
    const sites = await others.share(proposals.list());
    if (sites.length === 0) return;
    for (const site of sites) await proposals.drop(site, false);
    await others.dropped(sites);
    await this.#storage.store.run("emptyLog", undefined);
  }

  /** Takes up what was decided on another server: drops what waits of refused sites. */
  async takeUpRefusals(): Promise<void> {
    const { proposals } = this.#storage;
    await proposals.reload();
    for (const site of proposals.refused()) {
      if (proposals.has(site)) await proposals.drop(site, true);
    }
  }

  /** At start: counts the waiting events of sites that are declared or listed by now. */
  async acceptDeclared(): Promise<void> {
    const { proposals } = this.#storage;
    const sites = [...proposals.list().map(({ site_id }) => site_id), ...proposals.refused()];
    for (const site of sites) if (this.#names.isDeclared(site)) await this.#release(site);
  }

  /** Counts the waiting events of a site that was just declared. */
  async declared(named: string): Promise<void> {
    const site = this.#names.idOf(named);
    const { proposals } = this.#storage;
    if (proposals.isRefused(site)) await this.#storage.refuse?.(site, false);
    await this.#release(site);
  }

  /** Forgets a site whose settings and events were deleted. */
  async deleted(site: string): Promise<void> {
    this.#admission.forget(site);
    this.#names.forget(site);
    await this.#storage.forgetSite(site);
  }

  /**
   * Decides about sites, one after the other. Throws `conflict` for one that is declared, and for
   * one to be deleted of several that differ in case alone; `not_found` where one is to be accepted
   * of which no event came.
   */
  async decide(decision: SiteDecision, named: readonly string[]): Promise<void> {
    const sites = named.map((site) => this.#names.idOf(site));
    const unknown = decision === "accept" && await this.#firstUnknown(sites);
    if (typeof unknown === "string") {
      throw new AppError("not_found", `Cannot accept ${unknown}: no event of it came`);
    }
    const declared = sites.find((site) => this.#names.isDeclared(site));
    if (declared !== undefined && decision !== "accept") {
      throw new AppError("conflict", `Cannot ${decision} ${declared}: it is declared`);
    }
    const several = sites.map((site) => this.#names.idsOf(site)).find(({ length }) => length > 1);
    if (several && decision === "delete") throw differInCase("delete the site", several);
    for (const site of sites) await this.#decide(decision, site);
    await this.#storage.store.run("emptyLog", undefined);
    this.#log("info", "New sites decided", { decision, sites: sites.length });
  }

  /** Applies decisions of the command line; those that cannot be made now wait. */
  async applyDecisions(): Promise<void> {
    const { store } = this.#storage;
    for (const { id, site_id, decision } of await store.run("listDecisions", undefined)) {
      try {
        await this.decide(decision, [site_id]);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        if (error.code === "unavailable") return;
        this.#log("warn", "Cannot apply a decision of the command line", {
          site_id,
          decision,
          reason: messageOf(error),
        });
      }
      await store.run("forgetDecision", id);
    }
  }

  async #decide(decision: SiteDecision, site: string): Promise<void> {
    const { proposals } = this.#storage;
    if (decision === "accept") {
      if (!this.#names.isDeclared(site)) await this.#sites.put(site, {});
      return await this.declared(site);
    }
    if (decision === "refuse" || proposals.isRefused(site)) {
      await this.#storage.refuse?.(site, decision === "refuse");
    }
    if (decision === "delete") await this.#storage.others?.drop(site);
    await proposals.drop(site, decision === "refuse");
    if (decision === "delete") await this.#erase(site);
  }

  /** Counts what waits of a declared site, under the id that it was declared by. */
  async #release(site: string): Promise<void> {
    const { proposals } = this.#storage;
    if (!proposals.has(site) && !proposals.isRefused(site)) return;
    await this.#storage.acceptProposed(site, this.#sites.declared(site)?.site_id ?? site);
  }

  async #waitingElsewhere(): Promise<readonly ProposedSite[]> {
    const { proposals } = this.#storage;
    const found = await this.#storage.others?.ofOthers() ?? [];
    return found.filter(({ site_id }) =>
      !this.#names.isDeclared(site_id) && !proposals.isRefused(site_id)
    );
  }

  /** Erases a site that nobody declared, and removes its name. */
  async #erase(site: string): Promise<void> {
    if (!this.#storage.known().includes(site)) return;
    await this.#storage.erase(site);
    await this.#sites.drop(site);
    await this.deleted(site);
  }

  /** The first of sites of which no event came to any server. */
  async #firstUnknown(sites: readonly string[]): Promise<string | undefined> {
    const unknown = sites.filter((site) => !this.#isKnown(site));
    if (unknown.length === 0) return undefined;
    const elsewhere = new Set((await this.#waitingElsewhere()).map((one) => siteKey(one.site_id)));
    return unknown.find((site) => !elsewhere.has(siteKey(site)));
  }

  #isKnown(site: string): boolean {
    const { proposals } = this.#storage;
    return proposals.has(site) || proposals.isRefused(site) || this.#names.isDeclared(site) ||
      this.#storage.known().includes(site);
  }
}

/** What waits here and elsewhere, by site; ids that differ in case alone are one site. */
export function added(
  own: readonly ProposedSite[],
  others: readonly ProposedSite[],
): readonly ProposedSite[] {
  const sites = [...own];
  const byKey = new Map(own.map(({ site_id }, index) => [siteKey(site_id), index]));
  for (const one of others) {
    const key = siteKey(one.site_id);
    const index = byKey.get(key) ?? sites.length;
    byKey.set(key, index);
    const known = sites[index];
    sites[index] = known === undefined ? one : {
      site_id: known.site_id,
      events: known.events + one.events,
      bytes: known.bytes + one.bytes,
      first_at: Math.min(known.first_at, one.first_at),
      last_at: Math.max(known.last_at, one.last_at),
    };
  }
  return sites.sort((a, b) => a.site_id < b.site_id ? -1 : 1);
}

/** The refusal of what cannot be done to one of several ids of a site. */
export function differInCase(what: string, ids: readonly string[]): AppError {
  const names = ids.join(" and ");
  return new AppError(
    "conflict",
    `Cannot ${what}: merge ${names} first, they differ in case alone`,
  );
}
