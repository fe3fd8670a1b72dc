// The keys of the custom properties that a site's events have.
import { useApp } from "../state/context.js";
import { useAnswer } from "./answer.js";
import { reportUrl } from "./report_url.js";

/**
 * Keys of custom properties, most used first.
 * @returns {readonly string[]}
 */
export function usePropertyKeys() {
  const { site, state } = useApp();
  const path = reportUrl({ site, state: { ...state, filters: [] } }, "values", {
    dimension: "props",
    limit: 50,
  });
  /** @type {import("./answers.js").ValuesAnswer} */
  const rows = useAnswer(path, { last: true }).data ?? [];
  return rows.map(({ value }) => value);
}
