// Opens an owner's decisions about sites that nobody declared.
import type { Config } from "../config/load.ts";
import type { System } from "../core/types.ts";
import { NewSites } from "../sites/new_sites.ts";
import type { Parts } from "./parts.ts";
import { ALL_DATES } from "../storage/tiers/erase.ts";
import { eraseWith } from "./erase.ts";

/** New sites, with the decisions made while the server was down applied. */
export async function openNewSites(
  config: Config,
  { clock, files, log }: System,
  parts: Pick<Parts, "storage" | "sites" | "names" | "admission" | "runner">,
): Promise<NewSites> {
  const { storage, sites, names, admission } = parts;
  const { owned } = storage;
  const erase = eraseWith(config, files, parts);
  const { shared } = storage;
  const others = shared &&
    new (await import("../storage/shared/shared_proposals.ts")).SharedProposals(shared);
  const newSites = new NewSites(
    sites,
    names,
    {
      ...storage,
      known: () => storage.reader.sites(),
      erase: (site) => erase(site, ...ALL_DATES, false),
      ...others && {
        others,
        refuse: (site: string, isRefused: boolean) =>
          isRefused
            ? owned.run("refuseSite", { site_id: site, atMs: clock.nowMs() })
            : owned.run("allowSite", site),
      },
    },
    admission,
    log,
  );
  await newSites.acceptDeclared();
  await newSites.applyDecisions();
  return newSites;
}
