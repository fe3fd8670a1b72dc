// GET /api/sites/:site_id/export: the events of a site, or of some of its days, as one file. The
// file is made in storage.
import { DAY_US } from "../../core/durations.ts";
import { AppError } from "../../core/errors.ts";
import { incompleteHeader } from "../../http/response.ts";
import type { Context, Route } from "../../http/route.ts";
import { dayOfDate, isDate } from "../../../dashboard/grammar/days.js";
import { Params, quoted } from "../../query/params.ts";
import type { ExportFiles, ExportFormat } from "../../storage/backup/export_file.ts";
import type { SpanUs } from "../../storage/tiers/event_rows.ts";
import { acceptsGzip } from "../../http/compression.ts";
import { siteOfPath } from "../sites/sites.ts";

const TYPES = { parquet: "application/vnd.apache.parquet", csv: "text/csv; charset=utf-8" };
const FORMATS = ["parquet", "csv"] as const satisfies (keyof typeof TYPES)[];

/** The route. `isKnown` says whether there is such a site. */
export function eventExportRoutes(
  files: ExportFiles,
  isKnown: (site: string) => boolean,
): Route[] {
  return [{
    method: "GET",
    path: "/api/sites/:site_id/export",
    right: "admin",
    streams: true,
    handle: async (context) => {
      const site = siteOfPath(context);
      const params = new Params(context.url.searchParams);
      const format = params.choice("format", FORMATS, "parquet");
      const bom = params.flag("bom");
      const span = readSpan(params);
      params.check();
      if (!isKnown(site)) {
        throw new AppError("not_found", `Cannot find the site: there is none called ${site}`);
      }
      return await send(context, files, { site, span, format, bom });
    },
  }];
}

interface Wanted {
  readonly site: string;
  readonly span: SpanUs;
  readonly format: keyof typeof TYPES;
  /** Whether CSV begins with a byte order mark. */
  readonly bom: boolean;
}

async function send(
  { request, signal, log, onStream }: Context,
  files: ExportFiles,
  { site, span, format, bom }: Wanted,
): Promise<Response> {
  const isZipped = format === "csv" && acceptsGzip(request.headers.get("accept-encoding"));
  const headers: Record<string, string> = {
    "content-type": TYPES[format],
    "content-disposition": `attachment; filename="${site.replaceAll(":", "_")}.${format}"`,
    "cache-control": "no-store",
    vary: "accept-encoding",
    ...(isZipped ? { "content-encoding": "gzip" } : {}),
  };
  if (request.method === "HEAD") return new Response(null, { headers });
  const written: ExportFormat = isZipped ? "csv.gz" : format;
  const file = await files.write(site, span, written, signal, bom);
  const { events, bytes, content, incompleteDates } = file;
  log("info", "Events exported", { site_id: site, events, bytes, format });
  onStream?.(null);
  return new Response(content, {
    headers: { ...headers, ...incompleteHeader(incompleteDates), "content-length": String(bytes) },
  });
}

/** The UTC days from `start_date` to `end_date`, inclusive; all days without them. */
function readSpan(params: Params): SpanUs {
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
