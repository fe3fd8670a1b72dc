// The page before the first event: the snippet to paste; replaced by the dashboard when an event
// arrives.
import { Logo } from "../components/layout/logo.js";
import { useApp } from "../lib/state/context.js";
import { html, useEffect, useId, useRef, useState } from "../lib/html.js";
import { typedSite } from "../lib/format/typed_site.js";
import { shownHost } from "../grammar/host_name.js";
import { siteName } from "../lib/format/site_name.js";
import { StartSnippet, Ticks } from "./start_snippet.js";
import { NewSites } from "../panels/sites/new_sites.js";
import { SiteCheck } from "../panels/sites/site_check.js";

/**
 * `adding` is true for a further site; `locked` says that there is a password.
 * @param {{
 *   offline: boolean,
 *   adding: boolean,
 *   locked: boolean,
 *   onPassword: () => void,
 *   onCancel: () => void,
 * }} props
 */
export function StartPage({ offline, adding, locked, onPassword, onCancel }) {
  const { t, sites, site: current, owner, navigate } = useApp();
  const site = adding ? { site_id: "" } : current;
  const [domain, setDomain] = useState(site.site_id);
  const known = site.site_id !== "";
  const named = known ? site.site_id : typedSite(domain);
  const isNamed = named !== null;
  const isFaulty = !isNamed && domain.trim() !== "";
  const shown = named ?? "example.com";
  const arrived = adding && sites.find(({ site_id }) => site_id === named);
  useEffect(() => {
    if (!arrived) return;
    onCancel();
    navigate({ site: arrived.site_id });
  }, [arrived]);
  return html`
    <section class="panel start">
      <${Logo} size=${56} />
      <h1>${known
        ? t("start_title_site", { site: siteName(site) })
        : t(adding ? "start_another" : "start_title")}</h1>
      ${owner && html`
        <${Ticks} site=${shown} named=${isNamed} locked=${locked} received=${false}
          onPassword=${onPassword} />
      `}
      ${!known && html`<${DomainField} domain=${domain} site=${named} onDomain=${setDomain} />`}
      <${StartSnippet} site=${shown} />
      <p class="muted">${t("start_check")}</p>
      ${owner && html`<p class="muted">${t("start_own_visits")}</p>`}
      ${owner && isNamed && html`<${SiteCheck} site=${shown} />`}
      ${!isFaulty && html`
        <p class=${offline ? "waiting offline" : "waiting"} role="status">
          <i aria-hidden="true" />${t(offline ? "start_waiting_offline" : "start_waiting")}
        </p>
      `}
      <${Arriving} expected=${shown} onChoose=${(/** @type {string} */ other) => {
        onCancel();
        navigate({ site: other });
      }} />
      ${adding &&
        html`<button type="button" class="button" onClick=${onCancel}>${t("start_back")}</button>`}
    </section>
    ${owner && !known && html`<${NewSites} />`}
  `;
}

/**
 * The field of the site's domain; below it what will be counted, or that it is none.
 * @param {{ domain: string, site: string | null, onDomain: (domain: string) => void }} props
 */
function DomainField({ domain, site, onDomain }) {
  const { t } = useApp();
  const id = useId();
  const typed = domain.trim();
  const isFaulty = site === null && typed !== "";
  return html`
    <label for=${id}>${t("start_domain")}</label>
    <input id=${id} class="field" value=${domain} placeholder="example.com"
      spellcheck=${false}
      autocapitalize="off" autocomplete="off" inputmode="url" maxlength="256"
      aria-invalid=${isFaulty} aria-describedby=${`${id}-means`}
      onInput=${(/** @type {{ target: HTMLInputElement }} */ { target }) =>
        onDomain(target.value)} />
    <p id=${`${id}-means`} class=${isFaulty ? "fault-line" : "muted"} role="status">
      ${isFaulty
        ? t("start_no_site", { typed })
        : site !== null && site !== typed && t("start_normalised", { site: shownHost(site) })}
    </p>
  `;
}

/**
 * Sites whose events began to arrive while the page waits for another spelling.
 * @param {{ expected: string, onChoose: (site: string) => void }} props
 */
function Arriving({ expected, onChoose }) {
  const { t, sites } = useApp();
  const before = useRef(new Set(sites.map(({ site_id }) => site_id)));
  const others = sites.filter(({ site_id }) =>
    site_id !== expected && !before.current.has(site_id)
  );
  return others.map((site) =>
    html`
      <p key=${site.site_id} class="waiting quiet" role="status">
        <span>${t("start_other", { site: siteName(site) })}</span>
        <button type="button" class="button small" onClick=${() => onChoose(site.site_id)}>
          ${t("start_other_open")}</button>
      </p>
    `
  );
}
