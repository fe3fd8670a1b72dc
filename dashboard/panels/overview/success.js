// What a site is for, as the last number of its headline: the revenue of the period, or its
// conversions where there is no revenue.
import { askedOf, changesUrl, CONVERSIONS, hasMoney, MONEY } from "../../lib/headline.js";
import { useApp } from "../../lib/state/context.js";
import { useAnswer } from "../../lib/ask/answer.js";
import { useCourses } from "../../lib/ask/courses.js";
import { reportUrl } from "../../lib/ask/report_url.js";

/** @typedef {import("../../lib/headline.js").Numbers} Numbers */
/** @typedef {{ results: readonly Numbers[] }} Results */
/** @typedef {import("../../lib/ask/answers.js").ChangesAnswer} ChangesAnswer */

const { metric: EVENTS, also: OF_GOALS } = askedOf(CONVERSIONS);
/** @type {Numbers} */
const NOTHING = { metrics: {} };

/**
 * The number, its metric and filters, the verdict on its change, and its course;
 * `isNone` where there is neither. `tile` is the metric of the chart that its tile stands for,
 * empty for none, undefined while that is not known. Null where nothing is asked for.
 * @param {boolean} isAsked
 */
export function useSuccess(isAsked) {
  const app = useApp();
  const urlOf = (/** @type {string} */ metric, /** @type {typeof OF_GOALS} */ also) =>
    reportUrl(app, "query", { metrics: metric }, { compare: true, also });
  /** @type {import("../../lib/ask/answer.js").Answer<Results>} */
  const money = useAnswer(isAsked ? urlOf(MONEY, []) : null);
  const revenue = money.data?.results[0];
  const isPaid = hasMoney(revenue?.metrics) || hasMoney(revenue?.comparison);
  /** @type {import("../../lib/ask/answer.js").Answer<Results>} */
  const goals = useAnswer(isAsked && revenue && !isPaid ? urlOf(EVENTS, OF_GOALS) : null);
  const conversions = goals.data?.results[0];
  const known = isPaid ? money : goals;
  const metric = isPaid ? MONEY : revenue ? EVENTS : "";
  const also = metric === EVENTS ? OF_GOALS : [];
  const fault = money.fault ?? goals.fault;
  const row = fault ? NOTHING : isPaid ? revenue : conversions;
  const isNone = !isPaid && conversions !== undefined &&
    [conversions.metrics, conversions.comparison].every((of) => Number(of?.[EVENTS] ?? 0) === 0);
  const isKnown = row !== undefined && !fault && !isNone;
  const charted = metric === EVENTS ? CONVERSIONS : metric;
  const isAnswered = row !== undefined && !fault && !money.stale && !known.stale;
  /** @type {import("../../lib/ask/answer.js").Answer<ChangesAnswer>} */
  const changes = useAnswer(isKnown ? changesUrl(app, [metric], also) : null, { last: true });
  const courseOf = useCourses(isKnown ? [metric] : [], also);
  const retry = () => {
    money.retry();
    goals.retry();
  };
  if (!isAsked) return null;
  return {
    metric,
    charted,
    tile: !isAnswered ? undefined : isNone && app.owner ? "" : charted,
    also,
    row,
    isNone,
    stale: known.stale,
    course: courseOf(metric),
    verdicts: changes.stale ? {} : changes.data?.metrics ?? {},
    retry,
  };
}
