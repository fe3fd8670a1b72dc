// Every route of the running server, in one table. A new route is a file in this folder and a row
// here; the test of rights and docs/routes.md follow.
import type { ApiKeys } from "../auth/api_keys.ts";
import type { Auth } from "../auth/auth.ts";
import type { Clock, Files, Log } from "../core/types.ts";
import type { Route } from "../http/route.ts";
import type { Imports } from "../imports/imports.ts";
import type { Buffer } from "../ingest/buffer.ts";
import type { FormatParts } from "../ingest/formats/format.ts";
import { ingestRoutes } from "../ingest/handler.ts";
import type { Pipeline } from "../ingest/pipeline.ts";
import { AllSites } from "../query/all_sites/all_sites.ts";
import type { Explore } from "../query/explore/explore.ts";
import type { Runner } from "../query/run.ts";
import { differInCase, type NewSites } from "../sites/new_sites.ts";
import type { SiteNames } from "../sites/site_names.ts";
import type { Sites } from "../sites/sites.ts";
import type { Sums } from "../storage/history/sums.ts";
import type { ExportFiles } from "../storage/backup/export_file.ts";
import type { Backups } from "../storage/backup/schedule.ts";
import type { Reader } from "../storage/reader.ts";
import type { PathHistory } from "../storage/rewrite/path_history.ts";
import { ALL_DATES } from "../storage/tiers/erase.ts";
import type { Store } from "../storage/state/store.ts";
import { authRoutes } from "./access/auth.ts";
import { keyRoutes } from "./access/keys.ts";
import { backupRoutes } from "./data/backups.ts";
import { type Doctor, doctorRoutes } from "./doctor.ts";
import { type AskErasure, type Erase, eraseRoutes } from "./data/erase.ts";
import { formSettings } from "../exports/forms.ts";
import { eventExportRoutes } from "./data/event_export.ts";
import { importRoutes } from "./data/import.ts";
import { importsRoutes } from "./data/imports.ts";
import { type Health, healthRoutes, type Sample } from "./health.ts";
import { openApiRoutes } from "./openapi/openapi.ts";
import { privacyRoutes, type PrivacySettings } from "./pages/privacy_page.ts";
import { acceptingRoute } from "./pages/starting.ts";
import { wellKnownRoutes } from "./pages/well_known.ts";
import { counterRoutes } from "./peers/counter.ts";
import { goatCounterRoutes } from "./peers/goatcounter.ts";
import { plausibleHealthRoutes, plausibleSiteRoutes } from "./peers/plausible_sites.ts";
import { umamiRoutes } from "./peers/umami.ts";
import { newSiteRoutes } from "./sites/new_sites.ts";
import { pathRuleRoutes } from "./sites/path_rules.ts";
import { siteItemRoutes } from "./sites/site_items.ts";
import { dropSite, type EraseSite, siteIdsOf, siteRoutes } from "./sites/sites.ts";
import { allSitesRoutes } from "./stats/all_sites.ts";
import { type Live, liveRoutes } from "./stats/live.ts";
import { queryV2Routes } from "./stats/query_v2.ts";
import { schemaRoutes } from "./stats/schema.ts";
import { statsV1Routes } from "./stats/stats_v1.ts";
import { statsRoutes } from "./stats/stats.ts";
import { sqlRoutes } from "./stats/sql.ts";
import { viewRoutes } from "./stats/view.ts";

/** The settings that routes depend on, by their names. */
export interface RouteSettings extends PrivacySettings {
  /** As an absolute path. */
  readonly data_dir: string;
  readonly backup_interval_hours: number | null;
  readonly dashboard_origin: string | null;
  readonly security_contact: string | null;
  /** Names of the settings that are too short. */
  readonly weak_secrets: readonly string[];
  readonly sql_max_rows: number;
  readonly base_path: string;
  readonly metrics_token: string | null;
}

/** The parts that routes are made from. */
export interface RouteParts {
  readonly settings: RouteSettings;
  readonly clock: Clock;
  /** The time of an event that arrives now. */
  readonly eventMs: () => number;
  readonly files: Files;
  readonly log: Log;
  readonly auth: Auth;
  readonly keys: ApiKeys;
  readonly sites: Sites;
  readonly names: SiteNames;
  /** What wire formats ask about sites. */
  readonly formatParts: FormatParts;
  readonly newSites: NewSites;
  readonly pipeline: Pipeline;
  readonly buffer: Buffer;
  readonly runner: Runner;
  readonly live: Live;
  readonly reader: Reader;
  readonly pathHistory: PathHistory;
  readonly store: Pick<Store, "run">;
  readonly erase: Erase;
  readonly askErasure: AskErasure;
  readonly exportFiles: ExportFiles;
  /** Runs statements of owners; null where that is off. */
  readonly explore: Explore | null;
  readonly sums: Sums;
  readonly backups: Backups;
  readonly imports: Imports;
  readonly doctor: Doctor;
  readonly health: () => Health;
  readonly samples: () => readonly Sample[];
  /** Aborts when the server stops. */
  readonly stopping: AbortSignal;
  readonly probe: () => Promise<void>;
  /** The dashboard's files and the tracker. */
  readonly assets: readonly Route[];
}

type Row = (parts: RouteParts) => readonly Route[];

/** Whether a site has events, is declared or listed. */
function isKnown({ reader, names }: Pick<RouteParts, "reader" | "names">, site: string): boolean {
  return reader.hasSite(site) || names.isDeclared(site);
}

function siteEraser({ erase, pathHistory }: Pick<RouteParts, "erase" | "pathHistory">): EraseSite {
  return async (site) => {
    await erase(site, ...ALL_DATES, false);
    await pathHistory.forget(site);
  };
}

/** One row for each file with routes. */
const ROWS: readonly Row[] = [
  ({ pipeline, buffer, clock, eventMs, formatParts }) =>
    ingestRoutes(pipeline, buffer, clock, eventMs, formatParts),
  ({ pipeline, buffer, ...parts }) => importRoutes(pipeline, buffer, parts),
  ({ imports, names, files }) => importsRoutes(imports, names, files),
  ({ runner, clock }) => viewRoutes(runner, clock),
  ({ runner }) => statsRoutes(runner),
  ({ runner, reader, clock, sums, sites, names, settings }) =>
    allSitesRoutes(
      new AllSites(runner, reader, clock, sums),
      sites,
      () => siteIdsOf(reader, names, sites, settings),
    ),
  ({ live }) => liveRoutes(live),
  ({ runner, clock }) => queryV2Routes(runner, clock),
  ({ runner }) => statsV1Routes(runner),
  ({ sites, names, newSites, formatParts, reader, clock, runner, settings, ...parts }) => {
    const deleteSite = async (site: string) => {
      const several = names.idsOf(site);
      if (several.length > 1) throw differInCase("delete the site", several);
      await dropSite(sites, reader, siteEraser(parts), site, true);
      await newSites.deleted(site);
    };
    const { siteIds } = formatParts;
    return plausibleSiteRoutes(sites, newSites, siteIds, deleteSite, clock, runner, settings);
  },
  ({ health }) => plausibleHealthRoutes(() => health().accepting),
  ({ runner, sites, formatParts }) => umamiRoutes(runner, sites, formatParts),
  ({ runner, sites, formatParts }) => goatCounterRoutes(runner, sites, formatParts),
  ({ runner, formatParts }) => counterRoutes(runner, formatParts),
  () => schemaRoutes(),
  ({ sites, names, reader, newSites, clock, settings, ...parts }) =>
    siteRoutes(sites, names, reader, siteEraser(parts), newSites, clock, settings),
  ({ newSites, clock }) => newSiteRoutes(newSites, clock),
  ({ sites, clock }) => siteItemRoutes(sites, clock),
  ({ auth, settings }) => authRoutes(auth, settings.weak_secrets),
  ({ keys, clock }) => keyRoutes(keys, clock),
  ({ erase, names, store, clock, askErasure }) =>
    eraseRoutes(erase, names, store, clock, askErasure),
  ({ settings, sites }) => privacyRoutes(settings, sites),
  ({ health }) => [acceptingRoute(() => health().accepting)],
  ({ health, samples, probe, log, settings }) =>
    healthRoutes({ health, samples, probe }, log, settings),
  ({ doctor }) => doctorRoutes(doctor),
  ({ clock, settings }) => wellKnownRoutes(clock, settings),
  ({ exportFiles, reader, names, ...parts }) =>
    eventExportRoutes(
      exportFiles,
      (site) => isKnown({ reader, names }, site),
      (site) => formSettings(parts, site),
    ),
  ({ reader, pathHistory, sites, clock, names }) =>
    pathRuleRoutes(reader, pathHistory, sites, clock, (site) => isKnown({ reader, names }, site)),
  ({ explore, clock, reader, names, settings }) =>
    sqlRoutes(explore, clock, (site) => isKnown({ reader, names }, site), settings.sql_max_rows),
  ({ backups, settings }) => backupRoutes(backups, settings),
  ({ assets }) => assets,
];

/** Makes the route table. */
export function routesOf(parts: RouteParts): Route[] {
  const routes = ROWS.flatMap((row) => row(parts));
  return [...routes, ...openApiRoutes(routes, parts.settings.base_path)];
}
