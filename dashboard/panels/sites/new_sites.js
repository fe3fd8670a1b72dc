// The sites that nobody added: those that wait for a decision, refused ones, and
// counted ones. Any number of them is accepted, refused or deleted at once.
import { shownHost } from "../../grammar/host_name.js";
import { Panel } from "../../components/layout/panel.js";
import { PanelFault } from "../../components/report/panel_fault.js";
import { ask } from "../../lib/ask/api.js";
import { useAnswer } from "../../lib/ask/answer.js";
import { html, useState } from "../../lib/html.js";
import { useApp } from "../../lib/state/context.js";
import { refusalOf } from "../../lib/format/refusal.js";

/**
 * @typedef {object} NewSitesAnswer
 * @property {readonly { site_id: string, events: number }[]} proposed
 * @property {readonly string[]} refused
 * @property {readonly string[]} undeclared
 */

/** Sites in one request; the server accepts a few hundred. */
const BATCH = 100;
/** Lines drawn at once; decided ones make room for the next. */
const LINES_MAX = 200;
/** Lines before the others are asked for. */
const LINES_FIRST = 10;
/** Up to so many undeclared sites are a normal list; more look invented. */
const UNDECLARED_USUAL = 100;

/** Draws nothing where there is nothing to decide. */
export function NewSites() {
  const { t, format, reload } = useApp();
  /** @type {import("../../lib/ask/answer.js").Answer<NewSitesAnswer>} */
  const { data, fault: lost, stale, retry, refresh } = useAnswer("api/new-sites");
  const [chosen, setChosen] = useState(/** @type {ReadonlySet<string>} */ (new Set()));
  const [fault, setFault] = useState("");
  const [whole, setWhole] = useState(false);
  const lines = data && isWorthIt(data) ? linesOf(data, t, format).slice(0, LINES_MAX) : [];
  if (lost) {
    return html`
      <${Panel} title=${t("new_sites")}>
        <${PanelFault} fault=${lost} onRetry=${retry} />
        <//>
    `;
  }
  if (lines.length === 0) return null;
  const sites = lines.map(({ site }) => site).filter((site) => chosen.has(site));
  const decide = async (/** @type {string} */ decision) => {
    try {
      for (let at = 0; at < sites.length; at += BATCH) {
        const body = { decision, sites: sites.slice(at, at + BATCH) };
        await ask("api/new-sites", { method: "POST", body });
      }
      setFault("");
      setChosen(new Set());
    } catch (error) {
      setFault(refusalOf(error, t));
    }
    refresh();
    reload();
  };
  const choose = (/** @type {readonly string[]} */ some, /** @type {boolean} */ isChosen) => {
    const next = new Set(chosen);
    for (const site of some) isChosen ? next.add(site) : next.delete(site);
    setChosen(next);
  };
  return html`
    <${Panel} title=${t("new_sites")} busy=${stale}>
      <div class="settings-body">
        <p class="muted">${t("new_sites_hint")}</p>
        <${Check} label=${t("new_sites_all")} checked=${sites.length === lines.length}
          onCheck=${(/** @type {boolean} */ isChosen) => {
            // Nothing is decided that is not shown.
            setWhole(true);
            choose(lines.map(({ site }) => site), isChosen);
          }} />
        <ul class="items">
          ${lines.slice(0, whole ? LINES_MAX : LINES_FIRST).map(({ site, words }) =>
            html`
              <li key=${site}>
                <span class="item-words">
                  <${Check} label=${shownHost(site)} checked=${chosen.has(site)}
                    onCheck=${(/** @type {boolean} */ isChosen) => choose([site], isChosen)} />
                  <span class="muted">${words}</span>
                </span>
              </li>
            `
          )}
        </ul>
        ${!whole && lines.length > LINES_FIRST && html`
          <button type="button" class="button small" onClick=${() => setWhole(true)}>
            ${t("new_sites_show", { n: lines.length })}</button>
        `}
        <${Decisions} disabled=${sites.length === 0} onDecide=${decide} />
        <p class="fault-line" role="alert">${fault}</p>
      </div>
      <//>
  `;
}

/** @param {{ disabled: boolean, onDecide: (decision: string) => void }} props */
function Decisions({ disabled, onDecide }) {
  const { t } = useApp();
  const [asked, setAsked] = useState(false);
  const button = (/** @type {string} */ label, /** @type {() => void} */ onClick, look = "") =>
    html`
      <button type="button" class=${`button ${look}`} disabled=${disabled}
        onClick=${onClick}>${label}</button>
    `;
  if (asked && !disabled) {
    return html`
      <div class="pair">
        ${button(t("new_sites_delete_sure"), () => {
          setAsked(false);
          onDecide("delete");
        }, "danger")}
        ${button(t("cancel"), () => setAsked(false))}
      </div>
    `;
  }
  return html`
    <div class="pair">
      ${button(t("new_sites_accept"), () => onDecide("accept"))}
      ${button(t("new_sites_refuse"), () => onDecide("refuse"))}
      ${button(t("new_sites_delete"), () => setAsked(true))}
    </div>
  `;
}

/** @param {{ label: string, checked: boolean, onCheck: (isChosen: boolean) => void }} props */
function Check({ label, checked, onCheck }) {
  return html`
    <label class="check">
      <input type="checkbox" checked=${checked}
        onChange=${(/** @type {{ target: HTMLInputElement }} */ { target }) =>
          onCheck(target.checked)} /> ${label}
    </label>
  `;
}

/** @param {NewSitesAnswer} answer */
function isWorthIt({ proposed, refused, undeclared }) {
  return proposed.length + refused.length > 0 || undeclared.length > UNDECLARED_USUAL;
}

/**
 * @param {NewSitesAnswer} answer
 * @param {import("../../lib/state/context.js").App["t"]} t
 * @param {import("../../lib/state/context.js").App["format"]} format
 */
function linesOf({ proposed, refused, undeclared }, t, format) {
  return [
    ...proposed.map(({ site_id, events }) => ({
      site: site_id,
      words: t("new_sites_waiting", { n: format.count(events) }),
    })),
    ...undeclared.map((site) => ({ site, words: t("new_sites_counted") })),
    ...refused.map((site) => ({ site, words: t("new_sites_refused") })),
  ];
}
