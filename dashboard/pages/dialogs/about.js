// The About dialog: version, health, data sources, licences.
import { Dialog } from "../../components/layout/dialog.js";
import { Facts } from "../../components/layout/facts.js";
import { PanelFault } from "../../components/report/panel_fault.js";
import { useAnswer } from "../../lib/ask/answer.js";
import { useApp } from "../../lib/state/context.js";
import { html } from "../../lib/html.js";

/** Libraries of the server; those of the page come from vendor/manifest.json. */
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

/**
 * @typedef {object} Health
 * @property {string} [version]
 * @property {number} [buffered_events]
 * @property {boolean} geoip_loaded
 * @property {string} [behavioral_engine]
 * @property {number} [parquet_files]
 * @property {number} [quarantined_count]
 */

/** @param {{ onClose: () => void }} props */
export function AboutDialog({ onClose }) {
  const { t, format } = useApp();
  /** @type {import("../../lib/ask/answer.js").Answer<Health>} */
  const server = useAnswer("health/detailed");
  const health = server.data;
  /** @type {import("../../lib/ask/answer.js").Answer<{ files: Part[] }>} */
  const manifest = useAnswer(new URL("../../vendor/manifest.json", import.meta.url).href);
  const parts = new Map((manifest.data?.files ?? []).map((part) => [part.package, part]));
  const faultOf = (/** @type {import("../../lib/ask/answer.js").Answer<unknown>} */ answer) =>
    answer.fault && html`<${PanelFault} fault=${answer.fault} onRetry=${answer.retry} />`;
  /** @type {[string, string | number | undefined][]} */
  const facts = [
    [t("about_version"), health?.version],
    [t("about_events"), health?.buffered_events],
    [t("about_files"), health?.parquet_files],
    [t("about_quarantined"), health?.quarantined_count],
    [t("about_engine"), health?.behavioral_engine],
  ];
  // Strangers are not told all of them.
  const rows = facts.filter(([, value]) => health === null || value !== undefined)
    .map((
      [label, value = "…"],
    ) => [label, typeof value === "number" ? format.count(value) : value]);
  return html`
    <${Dialog} title=${t("about")} close=${t("close")} onClose=${onClose}>
      <p>${t("about_intro")}</p>
      ${faultOf(server) ?? html`<${Facts} rows=${rows} />`}
      <h3>${t("countries")}</h3>
      <p>${t(health?.geoip_loaded ? "about_data_own" : "about_data")}</p>
      <p>${t("about_map")}</p>
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
              <a href=${new URL(`../../vendor/${part.license_file}`, import.meta.url).href}
                target="_blank" rel="noopener">${part.license}</a>
            </li>
          `
        )}
      </ul>
      ${faultOf(manifest)}
      <//>
  `;
}
