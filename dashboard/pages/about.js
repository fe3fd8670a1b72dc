// About this program: version, health, where its data comes from, and whose work it stands on.
import { Dialog } from "../components/dialog.js";
import { useAnswer } from "../lib/answer.js";
import { useApp } from "../lib/context.js";
import { html } from "../lib/html.js";

/** Parts of the server; the page's own come from vendor/manifest.json. */
const SERVER_PARTS = [
  { name: "Deno", license: "MIT" },
  { name: "DuckDB", license: "MIT" },
  { name: "SQLite", license: "Public domain" },
  { name: "ua-parser-js 1.x", license: "MIT" },
  { name: "isbot", license: "Unlicense" },
  { name: "maxmind", license: "MIT" },
  { name: "hash-wasm", license: "MIT" },
  { name: "smol-toml", license: "BSD-3-Clause" },
];

/** @typedef {{ package: string, version: string, license: string, license_file: string }} Part */

/** @param {{ onClose: () => void }} props */
export function AboutDialog({ onClose }) {
  const { t, format } = useApp();
  const health = useAnswer("health/detailed").data;
  /** @type {{ files: Part[] } | null} */
  const manifest = useAnswer(new URL("../vendor/manifest.json", import.meta.url).href).data;
  const parts = new Map((manifest?.files ?? []).map((part) => [part.package, part]));
  return html`
    <${Dialog} title=${t("about")} close=${t("close")} onClose=${onClose}>
      <p>${t("about_intro")}</p>
      <dl class="facts">
        <div>
          <dt>${t("about_version")}</dt>
          <dd>${health?.version ?? "…"}</dd>
        </div>
        <div>
          <dt>${t("about_events")}</dt>
          <dd>${health ? format.count(health.buffered_events) : "…"}</dd>
        </div>
      </dl>
      <h3>${t("countries")}</h3>
      <p>${t(health?.geoip_loaded ? "about_data_own" : "about_data")}</p>
      <h3>${t("about_licences")}</h3>
      <ul class="parts">
        <li>Mallard Metrics <span class="muted">MIT</span></li>
        ${SERVER_PARTS.map(({ name, license }) =>
          html`<li key=${name}>${name} <span class="muted">${license}</span></li>`
        )}
        ${[...parts.values()].map((part) =>
          html`
            <li key=${part.package}>
              ${part.package} ${part.version}${" "}
              <a href=${new URL(`../vendor/${part.license_file}`, import.meta.url).href}
                target="_blank" rel="noopener">${part.license}</a>
            </li>
          `
        )}
      </ul>
      <//>
  `;
}
