// Some views of pages, written as each tool writes single events, for tests that compare what
// becomes of them.
const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0";

/** One view. */
export interface View {
  readonly visitor: "a" | "b" | "c";
  /** UTC, in whole seconds. */
  readonly at: string;
  readonly path: string;
  readonly referrer: string;
}

const DUCK = "https://duckduckgo.com/";
const view = (visitor: View["visitor"], at: string, path: string, referrer = ""): View => ({
  visitor,
  at: `2024-01-0${at}Z`,
  path,
  referrer,
});

/** Three visitors, each on one day; one comes twice. */
export const VIEWS: readonly View[] = [
  view("a", "2T10:00:00", "/", DUCK),
  view("a", "2T10:01:00", "/docs"),
  view("a", "2T10:03:30", "/pricing"),
  view("b", "2T11:00:00", "/docs"),
  view("c", "3T09:00:00", "/", DUCK),
  view("c", "3T09:00:20", "/docs"),
  view("c", "3T10:30:00", "/"),
];

const lines = (header: string, row: (one: View, n: number) => string, end = "\n") =>
  [header, ...VIEWS.map(row)].map((line) => line + end).join("");

/** The time of a line of a log. */
function logTime(at: string): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(
    new Date(at).toUTCString(),
  ) ?? [];
  return `${day}/${month}/${year}:${time} +0000`;
}

function matomo(): string {
  const idOf = (visitor: string) => visitor.charCodeAt(0).toString(16).padStart(16, "0");
  const visits = [...new Set(VIEWS.map(({ visitor }) => visitor))].map((visitor, n) => ({
    idSite: "1",
    idVisit: String(n + 1),
    visitorId: idOf(visitor),
    referrerType: "website",
    referrerUrl: VIEWS.find((one) => one.visitor === visitor)?.referrer ?? "",
    actionDetails: VIEWS.filter((one) => one.visitor === visitor).map(({ at, path }) => ({
      type: "action",
      url: `https://example.com${path}`,
      timestamp: Date.parse(at) / 1000,
    })),
  }));
  return JSON.stringify(visits.map((visit) => ({
    ...visit,
    serverTimestamp: visit.actionDetails[0]?.timestamp,
  })));
}

function bigQuery(): string {
  return VIEWS.map(({ visitor, at, path, referrer }) => {
    const params = { page_location: `https://example.com${path}`, page_referrer: referrer };
    return JSON.stringify({
      event_timestamp: String(Date.parse(at) * 1000),
      event_name: "page_view",
      event_params: Object.entries(params).filter(([, value]) => value !== "").map(
        ([key, value]) => ({ key, value: { string_value: value } }),
      ),
      user_pseudo_id: visitor,
      platform: "WEB",
      geo: { country: "Germany" },
    }) + "\n";
  }).join("");
}

/** The same views in the files of each tool that has single events. */
export const VIEW_FILES: Readonly<Record<string, string>> = {
  umami: lines(
    "event_id,website_id,session_id,created_at,url_path,url_query,referrer_domain,referrer_path," +
      "event_type,event_name",
    ({ visitor, at, path, referrer }, n) =>
      `e${n},w,${visitor},${at.replace("T", " ").replace("Z", ".000")},${path},,${
        referrer === "" ? "," : "duckduckgo.com,/"
      },1,`,
  ),
  goatcounter: lines(
    "2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,Referrer scheme," +
      "Screen size,Location,FirstVisit,Date",
    ({ visitor, at, path, referrer }) =>
      `${path},"A\ntitle",false,,Firefox 120.0,Linux,${visitor},0,${referrer},h,"1,1,1",DE,1,${at}`,
    "\r\n",
  ),
  matomo: matomo(),
  "simple-analytics": lines(
    "added_iso,path,datapoint,session_id,document_referrer",
    ({ visitor, at, path, referrer }) => `${at},${path},pageview,${visitor},${referrer}`,
  ),
  "google-analytics": bigQuery(),
  "access-log": VIEWS.map(({ visitor, at, path, referrer }) =>
    `203.0.113.${visitor.charCodeAt(0)} - - [${logTime(at)}] "GET ${path} HTTP/1.1" 200 12 ` +
    `"${referrer || "-"}" "${FIREFOX}"\n`
  ).join(""),
};
