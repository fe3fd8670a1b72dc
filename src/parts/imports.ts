// Opens imports of other programs' data, for a server and for the command line.
import { resolve } from "node:path";
import type { Config } from "../config/load.ts";
import type { EventColumnName } from "../core/event.ts";
import { PathRewrites } from "../core/paths/rules.ts";
import type { System } from "../core/types.ts";
import type { GeoIp } from "../ingest/enrich/geoip.ts";
import { Referrers } from "../ingest/enrich/referrer.ts";
import { Robots } from "../ingest/enrich/robot.ts";
import { UserAgents } from "../ingest/enrich/user_agent.ts";
import { Imports } from "../imports/imports.ts";
import { masksOf } from "../sites/settings.ts";
import type { Sites } from "../sites/sites.ts";
import { Db, type DuckDbModule } from "../storage/duckdb.ts";
import type { Storage } from "../storage/open.ts";

const MIB = 2 ** 20;
/** Memory of the DuckDB of an import: what two lanes need to sort. */
const MEMORY_MIB = 96;
const MEMORY_MIB_MIN = 64;
/** What it may take for rows of very long texts, of which DuckDB holds many at once. */
const MEMORY_MIB_MAX = 1536;
/**
 * Runs of days that are written at the same time, each by one thread: files are small, and two
 * threads on one of them wait for each other.
 */
const LANES = 2;

/** What imports need of the rest of the program. */
export interface ImportHost {
  readonly loadDuckDb: () => Promise<DuckDbModule>;
  readonly memoryBytes: number | null;
  readonly geo: GeoIp | null;
  /** Accepts a site that the owner imports. */
  readonly take: (site: string) => void;
  /** Told after each day that is written. */
  readonly onDay?: (done: number, total: number) => void;
}

/** The imports of a DATA_DIR. */
export function openImports(
  config: Config,
  system: System,
  host: ImportHost,
  storage: Pick<Storage, "owned" | "history" | "sites" | "forgetSite">,
  sites: Sites,
): Imports {
  const dataDir = resolve(config.data_dir);
  const rewrites = new PathRewrites();
  const memoryMibs = memoryMibsOf(host.memoryBytes);
  const lanes = (memoryMibs[0] ?? 0) < MEMORY_MIB ? 1 : Math.min(config.threads ?? LANES, LANES);
  const openDb = async (spillFolder: string, memoryMib: number) =>
    await Db.open(await host.loadDuckDb(), system.clock, {
      folder: dataDir,
      spillFolder,
      memoryLimit: `${memoryMib}MiB`,
      threads: 1,
      readers: lanes,
    });
  return new Imports({
    system,
    store: storage.owned,
    history: storage.history,
    enrich: {
      referrers: new Referrers({ stripQuery: config.strip_referrer_query }),
      userAgents: new UserAgents(),
      robots: new Robots(),
      geo: host.geo,
    },
    openDb,
    memoryMibs,
    lanes,
    rulesOf: (site) => {
      const settings = sites.settings(site);
      return {
        site,
        aliases: settings.aliases,
        hostnames: settings.hostnames,
        pathRewrite: rewrites.of(settings.path_rules),
        masks: masksOf(settings),
        filterBots: config.filter_bots,
      };
    },
    stageOptions: () => ({
      roundToHour: config.round_timestamps,
      withoutVisitors: config.suppress_visitor_id,
      hidden: hiddenColumns(config),
    }),
    idDaysOf: (site) => sites.settings(site).visitor_id_days ?? 1,
    zoneOf: (site) => sites.settings(site).timezone,
    isKnown: (site) => storage.sites.hasSite(site),
    take: host.take,
    onDay: host.onDay,
    forget: (site) => storage.forgetSite(site),
  }, { folder: `${dataDir}/imports`, node: importNodeOf(config) });
}

/** The name of this server, where the imports of several are in one list. */
export function importNodeOf({ storage, node_name }: Config): string | null {
  return storage === "lake" ? node_name : null;
}

/** Twice as much each time, up to a quarter of what the process may use. */
function memoryMibsOf(memoryBytes: number | null): number[] {
  const share = memoryBytes === null ? MEMORY_MIB : Math.floor(memoryBytes / MIB / 4);
  const most = Math.max(MEMORY_MIB_MIN, Math.min(MEMORY_MIB_MAX, share));
  const amounts = [Math.min(MEMORY_MIB, most)];
  for (let mib = MEMORY_MIB * 2; mib <= most; mib *= 2) amounts.push(mib);
  return amounts;
}

/** Columns that the settings keep empty. */
function hiddenColumns(config: Config): ReadonlySet<EventColumnName> {
  return new Set<EventColumnName>([
    ...config.suppress_browser_version ? ["browser_version"] as const : [],
    ...config.suppress_os_version ? ["os_version"] as const : [],
    ...config.suppress_screen_size ? ["screen_size", "device_type"] as const : [],
  ]);
}
