// Every form in which the events of a site leave: what its file is, and what it cannot keep.
import { MINUTE_US } from "../core/durations.ts";
import type { Clock } from "../core/types.ts";
import type { Runner } from "../query/run.ts";
import type { Sites } from "../sites/sites.ts";
import type {
  AnswerForm,
  ExportForm,
  ExportFormat,
  TablesForm,
} from "../storage/backup/export_file.ts";
import { GOATCOUNTER_FORM, GOATCOUNTER_LACKS } from "./goatcounter.ts";
import { PLAUSIBLE_LACKS, plausibleForm, type PlausibleSource } from "./plausible.ts";
import { UMAMI_LACKS, UMAMI_TABLES_LACK, umamiForm, umamiTables } from "./umami.ts";

/** What a form may need of a site. */
export interface FormSettings {
  /** The pause that ends a visit. */
  readonly gapUs: number;
  /** What answers are made of, for forms that have sums. */
  readonly answers: PlausibleSource;
}

/** What forms need of the program. */
export interface FormParts {
  readonly sites: Sites;
  readonly runner: Pick<Runner, "context" | "firstUs">;
  readonly sums: PlausibleSource["sums"];
  readonly clock: Pick<Clock, "nowMs">;
}

/** The settings of a site. */
export function formSettings(
  { sites, runner, sums, clock }: FormParts,
  site: string,
): FormSettings {
  const { visit_timeout_minutes, timezone, week_start } = sites.settings(site);
  const gapUs = visit_timeout_minutes * MINUTE_US;
  return {
    gapUs,
    answers: {
      scope: {
        site,
        nowUs: Math.floor(clock.nowMs() * 1000),
        zone: timezone,
        weekStart: week_start === "sunday" ? 7 : 1,
        gapUs,
      },
      context: runner.context(site),
      sums,
      firstUs: () => runner.firstUs(site),
    },
  };
}

/** One form. */
export interface ExportRow {
  readonly mediaType: string;
  readonly extension: string;
  /** What the events have and the file has not. */
  readonly lacks: readonly string[];
  /** How it is written, gzipped or not: for clients that unpack it by themselves. */
  readonly form: (
    settings: FormSettings,
    isZipped: boolean,
  ) => ExportFormat | ExportForm | TablesForm | AnswerForm;
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
  "umami-tables": {
    mediaType: "application/zip",
    extension: "umami.zip",
    lacks: UMAMI_TABLES_LACK,
    form: ({ gapUs }) => umamiTables(gapUs),
    zips: false,
  },
  plausible: {
    mediaType: "application/zip",
    extension: "plausible.zip",
    lacks: PLAUSIBLE_LACKS,
    form: ({ answers }) => plausibleForm(answers),
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
