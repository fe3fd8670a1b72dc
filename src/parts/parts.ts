// The type of all parts of a running program.
import type { Config } from "../config/load.ts";
import type { Route } from "../http/route.ts";
import type { Host } from "../runtime/host.ts";
import type { Imports } from "../imports/imports.ts";
import type { Jobs } from "../runtime/jobs.ts";
import type { NewSites } from "../sites/new_sites.ts";
import type { SiteNames } from "../sites/site_names.ts";
import type { Sites } from "../sites/sites.ts";
import type { Backups } from "../storage/backup/schedule.ts";
import type { Storage } from "../storage/open.ts";
import type { openAccess } from "./access.ts";
import type { openIngest } from "./ingest.ts";
import type { openQueries } from "./queries.ts";

/** Everything that runs. */
export type Parts =
  & { readonly config: Config; readonly host: Host; readonly storage: Storage }
  & {
    readonly sites: Sites;
    readonly names: SiteNames;
    readonly newSites: NewSites;
    readonly imports: Imports;
    readonly assets: readonly Route[];
  }
  & { readonly backups: Backups; readonly jobs: Jobs }
  & Awaited<ReturnType<typeof openIngest>>
  & Awaited<ReturnType<typeof openAccess>>
  & Awaited<ReturnType<typeof openQueries>>;
