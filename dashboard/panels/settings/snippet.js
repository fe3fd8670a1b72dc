// The tracker snippet of a site, and whether events arrive.
import { CopyBox } from "../../components/controls/copy_box.js";
import { Panel } from "../../components/layout/panel.js";
import { addressOf } from "../../lib/ask/api.js";
import { useApp } from "../../lib/state/context.js";
import { html, useId, useState } from "../../lib/html.js";
import { useLive } from "../../lib/ask/live.js";
import { SiteCheck } from "../sites/site_check.js";
import { MODULES, peerSnippets, snippetOf } from "../../lib/format/snippet.js";

/** Draws the panel. */
export function Snippet() {
  const { t, site, owner } = useApp();
  const { live } = useLive(site.site_id, "");
  const seen = live?.visitors_30 ?? 0;
  const [early, setEarly] = useState(false);
  const [api, setApi] = useState("");
  const [asked, setAsked] = useState(/** @type {string[]} */ ([]));
  const id = useId();
  const code = snippetOf(addressOf("mallard.js"), site.site_id, {
    api: api.trim(),
    early,
    modules: MODULES.filter((name) => asked.includes(name)),
  });
  return html`
    <${Panel} title=${t("snippet")}>
      <div class="settings-body">
        <p>${t("start_add")}</p>
        <${CopyBox} text=${code} label=${t("start_add")} copy=${t("copy")} copied=${t("copied")} />
        <details class="snippet-options">
          <summary>${t("snippet_options")}</summary>
          <label class="check"><input type="checkbox" checked=${early}
            onChange=${() => setEarly(!early)} />${t("snippet_early")}</label>
          <fieldset class="snippet-modules">
            <legend>${t("snippet_modules")}</legend>
            ${MODULES.map((name) =>
              html`
                <label class="check" key=${name}><input type="checkbox"
                  checked=${asked.includes(name)}
                  onChange=${() => setAsked(toggled(asked, name))} />${t(`module_${name}`)}</label>
              `
            )}
          </fieldset>
          <div class="form-field">
            <label for=${id}>${t("snippet_api")}</label>
            <input id=${id} class="field" type="url" spellcheck=${false} value=${api}
              placeholder="https://example.com/api/event" aria-describedby=${`${id}-hint`}
              onInput=${(/** @type {{ target: HTMLInputElement }} */ { target }) =>
                setApi(target.value)} />
            <p class="muted" id=${`${id}-hint`}>${t("snippet_api_hint")}</p>
          </div>
        </details>
        <details class="snippet-options">
          <summary>${t("snippet_peers")}</summary>
          <p class="muted">${t("snippet_peers_hint")}</p>
          ${peerSnippets(addressOf, site).map(({ name, code }) =>
            html`
              <div key=${name}>
                <p>${name}</p>
                <${CopyBox} text=${code} label=${name} copy=${t("copy")} copied=${t("copied")} />
              </div>
            `
          )}
        </details>
        <p class="muted">${t("snippet_events")}</p>
        <pre class="code-line" tabindex="0" aria-label=${t(
          "snippet_events",
        )}><code>${'mallard("signup", { props: { plan: "pro" } })'}</code></pre>
        <p class=${seen > 0 ? "waiting" : "waiting quiet"} role="status">
          <i aria-hidden="true" />${t(seen > 0 ? "snippet_live" : "snippet_quiet", { n: seen })}
        </p>
        ${owner && html`<${SiteCheck} site=${site.site_id} />`}
      </div>
      <//>
  `;
}

/** @param {readonly string[]} names @param {string} name @returns {string[]} */
function toggled(names, name) {
  return names.includes(name) ? names.filter((one) => one !== name) : [...names, name];
}
