// Files of every tool that has sums of days and no single events, of the same days.
import { zipSync } from "fflate";
import { datesFrom, plausibleTables, plausibleZip } from "../storage/plausible_export.ts";
import { fathomTables, fathomZip } from "./fathom.ts";
import { exploration, exploredRows } from "./google_reports.ts";

const DATES = datesFrom("2024-01-02", 3);

/** What tools have that know no single events. */
export const SUM_FILES: Readonly<Record<string, readonly [name: string, body: BodyInit]>> = {
  plausible: ["export.zip", plausibleZip(plausibleTables(DATES))],
  fathom: ["export.zip", fathomZip(fathomTables(DATES))],
  "google-analytics-csv": [
    "days.csv",
    exploration(["Date", "Total users", "Sessions", "Views"], exploredRows(DATES, [[]], 3)),
  ],
  "umami-sums": [
    "umami-2024-01-02.zip",
    zipSync({
      "pages.csv": new TextEncoder().encode("x,y\n/,30\n/docs,12\n"),
    }) as Uint8Array<ArrayBuffer>,
  ],
  "goatcounter-json": [
    "export.zip",
    zipSync({
      "paths.jsonl": new TextEncoder().encode('{"id":1,"event":false,"path":"/"}\n'),
      "hit_stats.jsonl": new TextEncoder().encode(
        '{"hour":"2024-01-02T19:00:00Z","path_id":1,"ref_id":1,"count":4}\n',
      ),
    }) as Uint8Array<ArrayBuffer>,
  ],
};
