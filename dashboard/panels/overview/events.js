// The events panel: custom events, goals and properties.
import { Lazy } from "../../components/layout/lazy.js";
import { Empty, Panel, Skeleton } from "../../components/layout/panel.js";
import { Tabs } from "../../components/controls/tabs.js";
import { useApp } from "../../lib/state/context.js";
import { html } from "../../lib/html.js";
import { withPageWords } from "../../lib/format/words.js";
import { dimensionOf, PROPS } from "../../lib/state/schema.js";
import { useRevenue } from "../../lib/headline.js";
import { DetailsButton, ROWS, Rows } from "./breakdown.js";
import { usePropertyKeys } from "../../lib/ask/property_keys.js";

const loadGoals = withPageWords(() => import("./goals.js"));

const EVENTS = "name";
const GOALS = "goal";
const CURRENCY = "currency";

/** It has its own panel. A filter would ask all events; sums of days know each name. */
const PAGEVIEW = "pageview";

/**
 * Events that are no conversion, or lack the property, get no row.
 * @param {string} dimension
 */
const isSet = (dimension) => [{ op: "is_set", dimension, values: [] }];

/** Draws the panel. */
export function Events() {
  const { t, name, schema, state, navigate } = useApp();
  const keys = usePropertyKeys();
  const revenue = useRevenue();
  const props = [...(revenue ? [CURRENCY] : []), ...keys.map((key) => PROPS + key)];
  const mine = (/** @type {string} */ tab) =>
    [GOALS, EVENTS, CURRENCY].includes(tab) || tab.startsWith(PROPS);
  const current = state.tabs.find(mine) ?? EVENTS;
  const choose = (/** @type {string} */ chosen) => {
    const others = state.tabs.filter((tab) => !mine(tab));
    navigate({ tabs: chosen === EVENTS ? others : [...others, chosen] });
  };
  const dimension = dimensionOf(schema, current);
  const tabOf = (/** @type {string} */ one) => ({ name: one, label: name("dimension", one) });
  const actions = html`
    <${Tabs} label=${t("events")} current=${current} onChoose=${choose}
      tabs=${[{ name: EVENTS, label: t("events") }, { name: GOALS, label: t("goals") }]}
      more=${[
        ...new Set([
          ...props,
          ...state.tabs.filter((tab) => tab.startsWith(PROPS) || tab === CURRENCY),
        ]),
      ]
        .map(tabOf)}
      moreLabel=${t("properties")} />
    <${DetailsButton} dimension=${current} />
  `;
  const only = current === EVENTS ? { without: PAGEVIEW } : { also: isSet(current) };
  return html`
    <${Panel} title=${t("events")} actions=${actions} class="breakdown tabbed">
      ${current === GOALS
        ? html`<${Lazy} load=${loadGoals} meanwhile=${html`<${Skeleton} rows=${ROWS} />`} />`
        : dimension
        ? html`
          <${Rows} key=${current} dimension=${dimension} ...${only}
            hint=${t("empty_events")} />
        `
        : html`<${Empty} title="" />`}
    <//>
  `;
}
