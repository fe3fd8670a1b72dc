// GET /api/sites/:site_id/export: the events of a site, or of some of its days, as one file. The
// file is made in storage.
import { DAY_US } from "../../core/durations.ts";
import { AppError } from "../../core/errors.ts";
import { incompleteHeader } from "../../http/response.ts";
import type { Context, Route } from "../../http/route.ts";
import { dayOfDate, isDate } from "../../../dashboard/grammar/days.js";
import { Params, quoted } from "../../query/params.ts";
import {
  EXPORT_FORMS,
  EXPORT_NAMES,
  exportFileName,
  type ExportName,
  type ExportRow,
  type FormSettings,
} from "../../exports/forms.ts";
import type { ExportFiles } from "../../storage/backup/export_file.ts";
import type { SpanUs } from "../../storage/tiers/event_rows.ts";
import { acceptsGzip } from "../../http/compression.ts";
import { siteOfPath } from "../sites/sites.ts";

/** Header with the number of events of a file. */
export const EVENTS_HEADER = "x-exported-events";

/** The route. `isKnown` says whether there is such a site. */
export function eventExportRoutes(
  files: ExportFiles,
  isKnown: (site: string) => boolean,
  settingsOf: (site: string) => FormSettings,
): Route[] {
  return [{
    method: "GET",
    path: "/api/sites/:site_id/export",
    right: "admin",
    streams: true,
    handle: async (context) => {
      const site = siteOfPath(context);
      const params = new Params(context.url.searchParams);
      const format = params.choice("format", EXPORT_NAMES, "parquet");
      const bom = params.flag("bom");
      const span = readSpan(params);
      params.check();
      if (!isKnown(site)) {
        throw new AppError("not_found", `Cannot find the site: there is none called ${site}`);
      }
      return await send(context, files, { site, span, format, bom }, settingsOf(site));
    },
  }];
}

interface ExportParams {
  readonly site: string;
  readonly span: SpanUs;
  readonly format: ExportName;
  /** Whether CSV begins with a byte order mark. */
  readonly bom: boolean;
}

async function send(
  { request, signal, log, onStream }: Context,
  files: ExportFiles,
  { site, span, format, bom }: ExportParams,
  settings: FormSettings,
): Promise<Response> {
  const row: ExportRow = EXPORT_FORMS[format];
  const isZipped = row.zips && acceptsGzip(request.headers.get("accept-encoding"));
  const headers: Record<string, string> = {
    "content-type": row.mediaType,
    "content-disposition": `attachment; filename="${exportFileName(site, format)}"`,
    "cache-control": "no-store",
    vary: "accept-encoding",
    ...(isZipped ? { "content-encoding": "gzip" } : {}),
  };
  if (request.method === "HEAD") return new Response(null, { headers });
  const file = await files.write(site, span, row.form(settings, isZipped), signal, bom);
  const { events, bytes, content, incompleteDates } = file;
  log("info", "Events exported", { site_id: site, events, bytes, format });
  onStream?.(null);
  return new Response(content, {
    headers: {
      ...headers,
      ...incompleteHeader(incompleteDates),
      "content-length": String(bytes),
      [EVENTS_HEADER]: String(events),
    },
  });
}

/** The UTC days from `start_date` to `end_date`, inclusive; all days without them. */
export function readSpan(params: Params): SpanUs {
  const dayOf = (name: string): number | null => {
    const text = params.text(name);
    if (text === undefined) return null;
    if (isDate(text)) return dayOfDate(text);
    params.fault(`Cannot read ${name}: "${quoted(text)}" is not a date YYYY-MM-DD`);
    return null;
  };
  const first = dayOf("start_date");
  const last = dayOf("end_date");
  if (first !== null && last !== null && last < first) {
    params.fault("Cannot read end_date: it is before start_date");
  }
  return {
    fromUs: first === null ? -Number.MAX_SAFE_INTEGER : within(first * DAY_US),
    toUs: last === null ? Number.MAX_SAFE_INTEGER : within((last + 1) * DAY_US),
  };
}

/** Limits a time to exact integers: the years 1684 to 2255. */
function within(us: number): number {
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(us, Number.MAX_SAFE_INTEGER));
}
