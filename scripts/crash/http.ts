// What a running server counts, asked as a dashboard asks: each event by its id, and all of them.
import { dateAgo, SITES } from "./workloads.ts";
import type { ServerProcess } from "../server_process.ts";

const ROWS_A_PAGE = 1000;

/** The range that holds every event, as parameters. */
function wholeRange(site: string): string {
  return `site_id=${site}&start_date=${dateAgo(90)}&end_date=${dateAgo(-2)}`;
}

/** How often each event is counted, by the `id` of its props. */
export async function countsByHttp(server: ServerProcess): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const site of SITES) {
    for (let offset = 0;; offset += ROWS_A_PAGE) {
      const { results } = await getJson<
        { results: { dimensions: string[]; metrics: { pageviews: number } }[] }
      >(
        server,
        `/api/stats/query?${wholeRange(site)}&metrics=pageviews&dimensions=props:id` +
          `&order_by=props:id&limit=${ROWS_A_PAGE}&offset=${offset}`,
      );
      for (const { dimensions: [id = ""], metrics } of results) {
        counts.set(id, (counts.get(id) ?? 0) + metrics.pageviews);
      }
      if (results.length < ROWS_A_PAGE) break;
    }
  }
  return counts;
}

/** Pageviews of every site together, as `main` tells them. */
export async function totalByHttp(server: ServerProcess): Promise<number> {
  let total = 0;
  for (const site of SITES) {
    const { total_pageviews } = await getJson<{ total_pageviews: number }>(
      server,
      `/api/stats/main?${wholeRange(site)}`,
    );
    total += total_pageviews;
  }
  return total;
}

async function getJson<T>(server: ServerProcess, path: string): Promise<T> {
  const response = await fetch(server.url + path);
  const text = await response.text();
  if (!response.ok) throw new Error(`${path} was answered ${response.status}: ${text}`);
  return JSON.parse(text);
}
