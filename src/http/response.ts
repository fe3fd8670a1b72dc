// Responses that many routes give.

/** A header names no more dates than this. */
const DATES_TOLD_MAX = 100;

/** Of JSON that is never cached. */
export const JSON_HEADERS = {
  "content-type": "application/json",
  "cache-control": "no-store",
} as const;

/** A JSON response, never cached. */
export function json(
  value: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: { ...JSON_HEADERS, ...headers },
  });
}

/** Says of which UTC dates an answer lacks events; empty when it lacks none. */
export function incompleteHeader(dates: readonly string[]): Readonly<Record<string, string>> {
  return dates.length === 0
    ? {}
    : { "x-incomplete": `${dates.length} dates: ${dates.slice(0, DATES_TOLD_MAX).join(", ")}` };
}
