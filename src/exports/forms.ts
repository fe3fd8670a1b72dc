// Every form in which the events of a site leave: what its file is, and what it cannot keep.
import { MINUTE_US } from "../core/durations.ts";
import type { Sites } from "../sites/sites.ts";
import type { ExportForm, ExportFormat } from "../storage/backup/export_file.ts";
import { GOATCOUNTER_FORM, GOATCOUNTER_LACKS } from "./goatcounter.ts";
import { UMAMI_LACKS, umamiForm } from "./umami.ts";

/** What a form may need of a site. */
export interface FormSettings {
  /** The pause that ends a visit. */
  readonly gapUs: number;
}

/** The settings of a site. */
export function formSettings(sites: Sites, site: string): FormSettings {
  return { gapUs: sites.settings(site).visit_timeout_minutes * MINUTE_US };
}

/** One form. */
export interface ExportRow {
  readonly mediaType: string;
  readonly extension: string;
  /** What the events have and the file has not. */
  readonly lacks: readonly string[];
  /** How it is written, gzipped or not: for clients that unpack it by themselves. */
  readonly form: (settings: FormSettings, isZipped: boolean) => ExportFormat | ExportForm;
  /** Whether it can be gzipped on its way. */
  readonly zips: boolean;
}

/** The forms, by name. */
export const EXPORT_FORMS = {
  parquet: {
    mediaType: "application/vnd.apache.parquet",
    extension: "parquet",
    lacks: [],
    form: () => "parquet",
    zips: false,
  },
  csv: {
    mediaType: "text/csv; charset=utf-8",
    extension: "csv",
    lacks: ["cells that a spreadsheet would run as a formula begin with '"],
    form: (_, isZipped) => isZipped ? "csv.gz" : "csv",
    zips: true,
  },
  ndjson: {
    mediaType: "application/x-ndjson",
    extension: "ndjson",
    lacks: [],
    form: (_, isZipped) => isZipped ? "ndjson.gz" : "ndjson",
    zips: true,
  },
  goatcounter: {
    mediaType: "application/gzip",
    extension: "goatcounter.csv.gz",
    lacks: GOATCOUNTER_LACKS,
    form: () => GOATCOUNTER_FORM,
    zips: false,
  },
  umami: {
    mediaType: "text/csv; charset=utf-8",
    extension: "umami.csv",
    lacks: UMAMI_LACKS,
    form: ({ gapUs }) => umamiForm(gapUs),
    zips: false,
  },
} as const satisfies Record<string, ExportRow>;

/** Name of a form. */
export type ExportName = keyof typeof EXPORT_FORMS;

/** The names in order. */
export const EXPORT_NAMES = Object.keys(EXPORT_FORMS) as ExportName[];

/** The name of the file of a site's events; a site's id may hold a colon. */
export function exportFileName(site: string, name: ExportName): string {
  return `${site.replaceAll(/[:/\\]/g, "_")}.${EXPORT_FORMS[name].extension}`;
}
