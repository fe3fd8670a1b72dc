// Fathom's exports, made from their documented columns, and the same numbers as plain rows, so that
// tests can count them by themselves.
import { zipSync } from "fflate";
import { seededRandom } from "../fake_system.ts";

/** A row: texts and counts by column. */
export type FathomRow = Readonly<Record<string, string | number>>;

const VALUES: Readonly<Record<string, readonly FathomRow[]>> = {
  Site: [{}],
  Pages: [
    { Hostname: "https://example.com", Pathname: "/" },
    { Hostname: "https://example.com", Pathname: '/a "b", c' },
  ],
  Browsers: [{ Browser: "Chrome" }, { Browser: "Mobile Safari" }],
  Countries: [{ Country: "US", State: "California" }, { Country: "Germany", State: "" }],
  DeviceTypes: [{ "Device Type": "Desktop" }, { "Device Type": "Phone" }],
  Referrers: [
    { "Referrer Hostname": "https://www.google.com", "Referrer Pathname": "/" },
    { "Referrer Hostname": "https://blog.example", "Referrer Pathname": "/post" },
  ],
  Events: [
    { "Event Name": "Signup, now", "Event Code": "s1" },
    { "Event Name": "Purchase", "Event Code": "p1" },
  ],
};

const COUNTS: Readonly<Record<string, readonly string[]>> = {
  Site: ["Pageviews", "Visits"],
  Pages: ["Views", "Uniques"],
  Referrers: ["Views", "Visits"],
  Events: ["Completions", "Value"],
};

/** The tables of the data export, by hours of some dates. */
export function fathomTables(
  dates: readonly string[],
  seed = 7,
): Readonly<Record<string, readonly FathomRow[]>> {
  const random = seededRandom(seed);
  const number = () => 1 + ((random.bytes(2)[0] ?? 0) % 80);
  const hours = dates.flatMap((date) => [`${date} 00:00:00`, `${date} 23:00:00`]);
  const table = (name: string, values: readonly FathomRow[]) =>
    hours.flatMap((hour) =>
      values.map((value): FathomRow => {
        const counts = (COUNTS[name] ?? ["Pageviews", "Visits"]).map((one) => [one, number()]);
        const site = name === "Site" ? { "Avg Duration": "12.5000", "Bounce Rate": "0.5000" } : {};
        return { Timestamp: hour, ...value, ...Object.fromEntries(counts), ...site };
      })
    );
  return Object.fromEntries(
    Object.entries(VALUES).map(([name, values]) => [name, table(name, values)]),
  );
}

/** Rows as a file. */
export function fathomCsv(rows: readonly FathomRow[], delimiter = ",", end = "\n"): string {
  const names = Object.keys(rows[0] ?? {});
  const cell = (value: string | number | undefined) =>
    /[",; ]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value);
  return [names.map(cell), ...rows.map((row) => names.map((name) => cell(row[name])))]
    .map((cells) => cells.join(delimiter) + end).join("");
}

/** The archive of the data export, in a folder named as the site. */
export function fathomZip(
  tables: Readonly<Record<string, readonly FathomRow[]>>,
): Uint8Array<ArrayBuffer> {
  const files = Object.entries(tables).map(([name, rows]) => [
    `example.com/${name}.csv`,
    new TextEncoder().encode(fathomCsv(rows)),
  ]);
  return zipSync(Object.fromEntries(files)) as Uint8Array<ArrayBuffer>;
}

/** The archive of the dashboard, of a range. */
export function fathomDashboard(
  { range, filters = 0 }: { readonly range: string; readonly filters?: number },
): Uint8Array<ArrayBuffer> {
  const files = {
    "Summary.csv": 'Metric,Value\nPeople,"1,200"\nPageviews,3000\n"Avg Time on Site (seconds)",60' +
      `\n"Bounce Rate (%)",25\n,\n"Export Date Range","${range}"\n"Filters Applied",${filters}\n`,
    "Pages.csv": 'Page,Visitors,Pageviews,"Bounce Rate (%)","Avg Time (seconds)"\n' +
      "/,700,2000,20,50\n/x,600,1000,30,70\n",
    "Browsers.csv": "Browser,Visitors\nChrome,1000\nSafari,200\n",
    "Countries.csv": 'Country,Visitors\n"United States",900\nGermany,300\n',
    "Regions.csv": "Region,Visitors\nTexas,900\n",
    "Cities.csv": "City,Visitors\nAustin,900\n",
    "Device_Types.csv": '"Device Type",Visitors\nPhone,1200\n',
    "Operating_Systems.csv": '"Operating System",Visitors\n"OS X",500\nWindows,700\n',
    "Sources.csv": "Source,Visitors\nDirect,1000\nGoogle,200\n",
    "Referrers.csv": 'Referrer,Visitors,Pageviews,"Bounce Rate (%)"\n"Direct / Unknown",1000,' +
      "2500,20\ngoogle.com,200,500,40\n",
    "Entry_Pages.csv": '"Entry Page",Visitors,Pageviews\n/,1200,3000\n',
    "Exit_Pages.csv": '"Exit Page",Visitors,Pageviews\n/x,1200,3000\n',
    "Events.csv": '"Event Name","Unique Completions",Completions,"Conversion Rate (%)",Value\n' +
      "Signup,30,40,2.5,0\n",
    "UTM_Source.csv": '"UTM Source",Visitors,Pageviews\nnews,10,20\n',
  };
  const encoded = Object.entries(files).map(([name, text]) => [
    `Dashboard_Export/${name}`,
    new TextEncoder().encode(text),
  ]);
  return zipSync(Object.fromEntries(encoded)) as Uint8Array<ArrayBuffer>;
}
