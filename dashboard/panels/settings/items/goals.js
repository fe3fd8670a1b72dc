// The goals of a site and their editor.
import { TextField } from "../../../components/fields/item_form.js";
import { ValueField } from "../../../components/fields/value_field.js";
import { CURRENCY, EVENT, goalBody, goalValues, PAGE } from "../../../lib/goal.js";
import { html } from "../../../lib/html.js";
import { useApp } from "../../../lib/state/context.js";
import { ItemsPanel } from "./items_panel.js";

/** @typedef {import("./items_panel.js").Item} Item */
/** @typedef {import("../../../components/fields/item_form.js").Values} Values */
/** @typedef {import("../../../components/fields/item_form.js").Put} Put */

/** Goals: pages and events that count as success. */
export function Goals() {
  const { t, name } = useApp();
  const fields = (/** @type {Values} */ values, /** @type {Put} */ put) => {
    const kind = values["kind"] ?? EVENT;
    const onKind = (/** @type {{ target: HTMLSelectElement }} */ { target }) => {
      put("kind", target.value);
      put("what", "");
    };
    const field = (/** @type {string} */ key, /** @type {string} */ label, more = {}) =>
      html`<${TextField} label=${label} name=${key} values=${values} put=${put} ...${more} />`;
    return html`
      ${field("name", t("name"))}
      <div class="form-field">
        <span class="label">${t("goal_when")}</span>
        <div class="pair">
          <select class="field" aria-label=${t("goal_when")} value=${kind} onChange=${onKind}>
            <option value=${EVENT}>${t("step_event")}</option>
            <option value=${PAGE}>${t("step_page")}</option>
          </select>
          <${ValueField} key=${kind} dimension=${kind === PAGE ? "page" : "name"} single=${true}
            values=${values["what"] ? [values["what"]] : []}
            onChange=${(/** @type {readonly string[]} */ [what]) => put("what", what ?? "")} />
        </div>
      </div>
      ${field("props", t("goal_props"), { required: false, placeholder: "plan=pro, seats=3" })}
      ${field("least", t("goal_revenue"), { required: false, type: "number" })}
      ${values["least"] &&
        field("money", name("dimension", CURRENCY), { required: false, placeholder: "EUR" })}
    `;
  };
  const wordsOf = (/** @type {Item} */ { name: own = "", page, event, props, ...more }) => ({
    title: own,
    detail: [
      page ? `${t("step_page")} ${page}` : `${t("step_event")} ${event}`,
      ...Object.entries(props ?? {}).map(([key, value]) => `${key} = ${value}`),
      ...(more["min_revenue"] === undefined
        ? []
        : [`≥ ${more["min_revenue"]} ${more[CURRENCY] ?? ""}`.trim()]),
    ].join(", "),
  });
  return html`
    <${ItemsPanel} kind="goals" title=${t("goals")} hint=${t("goals_hint")} fields=${fields}
      bodyOf=${goalBody} valuesOf=${goalValues} wordsOf=${wordsOf} start=${{ kind: EVENT }} />
  `;
}
