// What the runs over lakes send, and what must be counted of it: the number of an event says which
// page it is of, who its visitor is and where that one came from.
const SITE = "lake.example";
const VISITORS = 23;
const SOURCES: readonly string[] = ["letter", "search", "video", "friends", "print"];

/** Questions about all that was sent. */
export const QUESTIONS = {
  main: `/api/stats/main?site_id=${SITE}&period=day`,
  sources: `/api/stats/query?site_id=${SITE}&period=day&metrics=visitors,pageviews` +
    `&dimensions=utm_source&limit=100`,
} as const;

/** What is counted of some events. */
export interface Counts {
  readonly pageviews: number;
  readonly visitors: number;
}

/** Counts of all, and of each source that has any. */
export interface AllCounts extends Counts {
  readonly bySource: ReadonlyMap<string, Counts>;
}

/** The path of an event's page. */
export function pathOf(number: number): string {
  return `/p/${number}`;
}

/** The number of an event, from the path of its page. */
export function numberOf(path: string): number {
  return Number(path.slice(pathOf(0).length - 1));
}

/** The request that sends an event. */
export function requestOf(number: number): RequestInit {
  const url = `https://${SITE}${pathOf(number)}?utm_source=${sourceOf(number)}`;
  return {
    method: "POST",
    headers: {
      "user-agent": browserOf(number),
      "content-type": "application/json",
      // The same whichever way a server is reached.
      "x-forwarded-for": `198.51.100.${visitorOf(number)}`,
    },
    body: JSON.stringify({ name: "pageview", url, domain: SITE }),
  };
}

/** What must be counted of the events with these numbers. */
export function countsOf(numbers: Iterable<number>): AllCounts {
  const all = new Set(numbers);
  const bySource = Map.groupBy(all, sourceOf);
  return {
    ...countsOfSome(all),
    bySource: new Map(bySource.entries().map(([source, some]) => [source, countsOfSome(some)])),
  };
}

/** The counts of an answer to the question for sources, by source. */
export function sourcesIn(answer: string): ReadonlyMap<string, Counts> {
  const { results } = JSON.parse(answer) as {
    results: { readonly dimensions: string[]; readonly metrics: Counts }[];
  };
  return new Map(results.map(({ dimensions: [source = ""], metrics }) => [source, metrics]));
}

/** Whether counts are at least and at most others; sources that are missing count nothing. */
export function areBetween(
  found: ReadonlyMap<string, Counts>,
  least: ReadonlyMap<string, Counts>,
  most: ReadonlyMap<string, Counts>,
): boolean {
  const isLess = (few: Counts, many: Counts) =>
    few.pageviews <= many.pageviews && few.visitors <= many.visitors;
  const none = { pageviews: 0, visitors: 0 };
  return [...new Set([...found.keys(), ...least.keys()])].every((source) => {
    const one = found.get(source) ?? none;
    return isLess(least.get(source) ?? none, one) && isLess(one, most.get(source) ?? none);
  });
}

/** Counts as a line of text, sources in order of their names. */
export function textOf(counts: ReadonlyMap<string, Counts>): string {
  return [...counts].sort(([a], [b]) => a < b ? -1 : 1)
    .map(([source, { pageviews, visitors }]) => `${source} ${pageviews} of ${visitors}`).join(", ");
}

function countsOfSome(numbers: Iterable<number>): Counts {
  const some = [...numbers];
  return { pageviews: some.length, visitors: new Set(some.map(visitorOf)).size };
}

function visitorOf(number: number): number {
  return (number * 7 + Math.floor(number / 11)) % VISITORS;
}

/** That of the visitor: the views of a visit count for the source by which it has begun. */
function sourceOf(number: number): string {
  return SOURCES[visitorOf(number) % SOURCES.length] ?? "";
}

function browserOf(number: number): string {
  const version = `${110 + visitorOf(number)}.0`;
  return `Mozilla/5.0 (X11; Linux x86_64; rv:${version}) Gecko/20100101 Firefox/${version}`;
}
