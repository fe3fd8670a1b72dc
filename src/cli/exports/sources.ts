// Where `mallard export` takes events from: the running server, or DATA_DIR where none runs.
import { EVENTS_HEADER, readSpan } from "../../api/data/event_export.ts";
import { messageOf } from "../../core/errors.ts";
import {
  EXPORT_FORMS,
  type ExportName,
  type ExportRow,
  formSettings,
} from "../../exports/forms.ts";
import { Params } from "../../query/params.ts";
import { Runner } from "../../query/run.ts";
import { rulesOfSites } from "../../query/site_rules.ts";
import { withOwnAnswer } from "../../runtime/owner_socket.ts";
import { Sites } from "../../sites/sites.ts";
import { ExportFiles } from "../../storage/backup/export_file.ts";
import { lakeOfStorage } from "../../config/lake_options.ts";
import { openStorage } from "../../storage/open.ts";
import { type CommandContext, dataDirOf } from "../command.ts";
import { askServer, refusalOf } from "../server.ts";

/** A statement of an export may take longer than a question of a dashboard. */
const QUERY_MS_MAX = 10 * 60 * 1000;

/** What is asked of a source. */
export interface ExportRequest {
  readonly format: ExportName;
  /** UTC dates, both included; null for no limit. */
  readonly from: string | null;
  readonly to: string | null;
}

/** A file that comes in. */
export interface Incoming {
  readonly events: number;
  readonly bytes: number;
  /** Which dates lack events of a file that cannot be read; null for none. */
  readonly incomplete: string | null;
  readonly content: ReadableStream<Uint8Array>;
}

/** A place that has events. */
export interface ExportSource {
  /** Sites that have events, in order. */
  sites(): Promise<readonly string[]>;
  /** Reads the file of a site. Rejects where there is no such site. */
  read<T>(site: string, asked: ExportRequest, read: (file: Incoming) => Promise<T>): Promise<T>;
}

/** The query of a request for a file. */
export function queryOf({ format, from, to }: ExportRequest): URLSearchParams {
  const query = new URLSearchParams({ format });
  if (from !== null) query.set("start_date", from);
  if (to !== null) query.set("end_date", to);
  return query;
}

/** On this machine packing costs more than it saves, and the bytes are counted. */
const PLAIN = { headers: { "accept-encoding": "identity" } };

/** The running server. */
export function serverSource(context: CommandContext): ExportSource {
  const dataDir = dataDirOf(context.config);
  return {
    async sites() {
      const rows = await askServer(context, "Cannot list the sites", { path: "/api/sites" });
      return (rows as { site_id: string }[]).map(({ site_id }) => site_id).sort();
    },
    async read(site, asked, read) {
      const path = `${context.config.base_path}/api/sites/${encodeURIComponent(site)}/export?${
        queryOf(asked)
      }`;
      const given = await withOwnAnswer(dataDir, path, PLAIN, async (response) => {
        if (!response.ok || response.body === null) {
          throw new Error(await refusalOf(response, "Cannot export"));
        }
        const numberOf = (name: string) => Number(response.headers.get(name) ?? 0);
        return {
          value: await read({
            events: numberOf(EVENTS_HEADER),
            bytes: numberOf("content-length"),
            incomplete: response.headers.get("x-incomplete"),
            content: response.body,
          }),
        };
      });
      if (given !== null) return given.value;
      throw new Error(`Cannot export ${site}: no server answers on ${dataDir}`);
    },
  };
}

/** Opens DATA_DIR, which no server may have open. */
export async function withFolderSource<T>(
  { config, system, host }: CommandContext,
  work: (source: ExportSource) => Promise<T>,
): Promise<T> {
  const dataDir = dataDirOf(config);
  if (await system.files.size(`${dataDir}/mallard.sqlite`) === null) {
    throw new Error(`Cannot export ${dataDir}: there is no mallard.sqlite`);
  }
  const lake = await lakeOfStorage(config, system.files);
  const storage = await openStorage(system, host, { ...config, dataDir, ...lake });
  try {
    const sites = await Sites.open(storage.store, system.clock);
    const files = await ExportFiles.open(storage.reader, system.files, system.random, {
      folder: `${dataDir}/.exports`,
    });
    const { signal } = new AbortController();
    const { sums } = storage;
    const runner = new Runner(storage.reader, rulesOfSites(sites), system.clock, {
      queryTimeoutMs: QUERY_MS_MAX,
      cacheTtlMs: 0,
      cacheEntriesMax: 0,
      heavyMax: 1,
      sums,
    });
    const parts = { sites, runner, sums, clock: system.clock };
    return await work({
      sites: () => Promise.resolve([...storage.reader.sites()].sort()),
      async read(site, asked, read) {
        if (!storage.reader.hasSite(site) && sites.declared(site) === undefined) {
          throw new Error(`Cannot export: there is no site called ${site}`);
        }
        const params = new Params(queryOf(asked));
        const row: ExportRow = EXPORT_FORMS[asked.format];
        const form = row.form(formSettings(parts, site), false);
        const file = await files.write(site, readSpan(params), form, signal);
        const dates = file.incompleteDates.join(", ");
        return await read({ ...file, incomplete: dates === "" ? null : dates });
      },
    });
  } finally {
    await storage.close().catch((error) =>
      system.log("warn", "Cannot close the data folder", { reason: messageOf(error) })
    );
  }
}
