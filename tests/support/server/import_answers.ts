// What every report answers about a site with imported days, as text, and the imports themselves,
// over HTTP.
import assert from "node:assert/strict";

const RANGE = "start_date=2024-01-01&end_date=2024-01-06";
const COUNTS = "metrics=visitors,visits,pageviews,events,bounce_rate,visit_duration," +
  "views_per_visit";
const STEPS = "steps=page:/,page:/docs";

/** A question to every report; the key ends where another of the same report begins. */
export const QUESTIONS: Readonly<Record<string, string>> = {
  main: "",
  timeseries: "",
  query: COUNTS,
  ...Object.fromEntries(
    ["page", "entry_page", "exit_page", "source", "channel", "name", "day", "hour_of_day"].map(
      (name) => [`query ${name}`, `${COUNTS}&dimensions=${name}&order_by=${name}:asc`],
    ),
  ),
  "query filtered": `${COUNTS}&filters=is(page,/docs)`,
  "breakdown/pages": "",
  "breakdown/sources": "",
  sessions: "",
  funnel: `${STEPS}&window=1%20day`,
  retention: "detail=true&cohorts=day&count=3",
  flow: "page=/&detail=true",
  sequences: STEPS,
  values: "dimension=page",
  changes: "compare=previous_period",
  why: "metric=visitors&compare=previous_period",
};
/** Ends the key of the headers of an answer. */
export const HEADERS = "(headers)" as const;

/** Answers by question. */
export type Answers = Readonly<Record<string, string>>;

/** What every report answers; the site is called SITE. */
export async function answersOf(url: string, site: string): Promise<Answers> {
  const asked = Object.entries(QUESTIONS).map(async ([name, query]) => {
    const route = name.split(" ")[0];
    const answer = await fetch(`${url}/api/stats/${route}?site_id=${site}&${RANGE}&${query}`);
    const text = (await answer.text()).replaceAll(site, "SITE");
    assert.equal(answer.status, 200, `${name}: ${text}`);
    const headers = ["x-imported", "x-left-out"].map((one) => answer.headers.get(one) ?? "");
    return [[name, text], [`${name} ${HEADERS}`, headers.join(" ")]] as const;
  });
  return Object.fromEntries((await Promise.all(asked)).flat());
}

/** Lines of a file make the digits that its times lack: they are in durations. */
export function withoutDigits(answers: Answers): Answers {
  const rounded = (text: string) =>
    text.replace(/\d+\.\d{4,}/g, (digits) => String(Math.round(Number(digits) * 1e3) / 1e3));
  return Object.fromEntries(
    Object.entries(answers).map(([name, text]) => [name, rounded(text)]),
  );
}

/** Imports a file; resolves with the id of the import when it is done. */
export async function imported(
  url: string,
  site: string,
  body: BodyInit,
  name: string,
): Promise<string> {
  const sent = await fetch(`${url}/api/imports?site_id=${site}&name=${name}`, {
    method: "POST",
    headers: { "content-type": "application/octet-stream" },
    body,
  });
  const { id } = await sent.json();
  await reaches(url, id, "done", name);
  return id;
}

/** Waits until an import has a state. */
export async function reaches(
  url: string,
  id: string,
  wanted: string,
  name: string,
): Promise<void> {
  for (;;) {
    const { state, report } = await (await fetch(`${url}/api/imports/${id}`)).json();
    if (state === wanted) return;
    assert.doesNotMatch(state, /failed|cancelled|previewed/, `${name}: ${report.error}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Makes a site. */
export async function declare(url: string, site: string): Promise<void> {
  const answer = await fetch(`${url}/api/sites`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ site_id: site }),
  });
  assert.ok(answer.ok, await answer.text());
}

/** Undoes an import. */
export async function undone(url: string, id: string, name: string): Promise<void> {
  const answer = await fetch(`${url}/api/imports/${id}`, { method: "DELETE" });
  assert.equal(answer.status, 202, await answer.text());
  await reaches(url, id, "undone", name);
}
