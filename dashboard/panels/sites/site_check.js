// "Check my site": the owner's browser opens a page of it, and what then arrives is said in words,
// or what to look at.
import { addressOf } from "../../lib/ask/api.js";
import { refusalOf } from "../../lib/format/refusal.js";
import { html, useEffect, useId, useRef, useState } from "../../lib/html.js";
import { findingsOf, hindrancesOf, lookAt } from "../../lib/site_check.js";
import { useApp } from "../../lib/state/context.js";

/** @typedef {import("../../lib/site_check.js").Finding} Finding */
/** @typedef {import("../../lib/site_check.js").Seen} Seen */

const EVERY_MS = 2000;
const LOOKS_MAX = 15;

/** What to look at where nothing arrived, in this order. */
const HINTS = /** @type {const} */ ([
  "check_snippet",
  "check_policy",
  "check_blocker",
]);

/**
 * The page of a site to open first.
 * @param {string} site
 */
function pageOf(site) {
  return `${/^(localhost|127\.)/.test(site) ? "http" : "https"}://${site}/`;
}

/**
 * The address that was typed; without a scheme of the web it is one of https.
 * @param {string} typed
 */
function addressOfTyped(typed) {
  return /^https?:\/\//i.test(typed) ? typed : `https://${typed}`;
}

/**
 * Looks for what arrives of a site after `start()`, until something does, or for long enough.
 * @param {string} site
 */
function useCheck(site) {
  const { t } = useApp();
  // What is known now, and what was when the button was pressed.
  const seen = useRef(/** @type {Seen | null} */ (null));
  const before = useRef(/** @type {Seen | null} */ (null));
  const [looks, setLooks] = useState(-1);
  const [findings, setFindings] = useState(/** @type {Finding[]} */ ([]));
  const [fault, setFault] = useState("");
  useEffect(() => {
    seen.current = null;
    setLooks(-1);
    lookAt(site).then((first) => seen.current ??= first, () => {});
  }, [site]);
  const waiting = looks >= 0 && looks < LOOKS_MAX && findings.length === 0 && fault === "";
  useEffect(() => {
    if (!waiting) return;
    let over = false;
    const timer = setTimeout(async () => {
      try {
        const now = await lookAt(site);
        if (over) return;
        seen.current = now;
        before.current ??= now;
        setFindings(findingsOf(site, before.current, now));
        setLooks(looks + 1);
      } catch (error) {
        if (!over) setFault(refusalOf(error, t));
      }
    }, EVERY_MS);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [waiting, looks, site]);
  const start = () => {
    before.current = seen.current;
    setFindings([]);
    setFault("");
    setLooks(0);
  };
  return { start, started: looks >= 0, waiting, findings, fault };
}

/** @param {{ site: string }} props */
export function SiteCheck({ site }) {
  const { t } = useApp();
  const id = useId();
  const [typed, setTyped] = useState("");
  const page = typed.trim() === "" ? pageOf(site) : addressOfTyped(typed.trim());
  const { start, started, ...found } = useCheck(site);
  return html`
    <div class="form-field">
      <label for=${id}>${t("check_address")}</label>
      <input id=${id} class="field" type="url" spellcheck=${false} value=${typed}
        placeholder=${pageOf(site)} aria-describedby=${`${id}-hint`}
        onInput=${(/** @type {{ target: HTMLInputElement }} */ { target }) =>
          setTyped(target.value)} />
      <p class="muted" id=${`${id}-hint`}>${t("check_hint")}</p>
    </div>
    <div class="pair">
      <a class="button" href=${page} target="_blank" rel="noopener" onClick=${start}>
        ${t("check_site")}</a>
    </div>
    <div class="check-result" role="status">
      ${started && html`<${Result} site=${site} page=${page} ...${found} />`}
    </div>
  `;
}

/**
 * @param {{
 *   site: string,
 *   page: string,
 *   waiting: boolean,
 *   findings: readonly Finding[],
 *   fault: string,
 * }} props
 */
function Result({ site, page, waiting, findings, fault }) {
  const { t } = useApp();
  if (fault !== "") return html`<p class="fault-line">${fault}</p>`;
  const values = { site, origin: new URL(addressOf("")).origin, host: location.host };
  const hindrances = hindrancesOf(location, page).map((key) => t(key, values));
  if (waiting) return html`<p>${t("check_looking", values)}</p>`;
  if (findings.length === 0) {
    const hints = HINTS.map((key) => t(key, values));
    return html`
      <p>${t("check_nothing", { n: LOOKS_MAX * EVERY_MS / 1000 })}</p>
      <${Lines} lines=${[...hindrances, ...hints]} />
    `;
  }
  return html`<${Lines} lines=${[...findings.map((one) => words(one, site, t)), ...hindrances]} />`;
}

/** @param {{ lines: readonly string[] }} props */
function Lines({ lines }) {
  return html`<ul class="check-lines">${
    lines.map((line) => html`<li key=${line}>${line}</li>`)
  }</ul>`;
}

/**
 * @param {Finding} finding
 * @param {string} site
 * @param {import("../../lib/format/text.js").Translate} t
 */
function words({ kind, about }, site, t) {
  const key = /** @type {import("../../lib/format/text.js").Key} */ (`drop_${about}`);
  const reason = t(key) === key ? t("colon", { name: t("drop_robot"), text: about }) : t(key);
  return t(`check_${kind}`, { site, about, reason });
}
