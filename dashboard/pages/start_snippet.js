// The snippet of a new site as its platform takes it, and what is done of the three steps.
import { CopyBox } from "../components/controls/copy_box.js";
import { Tabs } from "../components/controls/tabs.js";
import { Icon } from "../components/layout/icon.js";
import { addressOf } from "../lib/ask/api.js";
import { useAnswer } from "../lib/ask/answer.js";
import { PLATFORMS, platformSnippet } from "../lib/format/snippet.js";
import { html, useState } from "../lib/html.js";
import { useApp } from "../lib/state/context.js";

/** @param {{ site: string }} props */
export function StartSnippet({ site }) {
  const { t } = useApp();
  const [name, setName] = useState(/** @type {string} */ (PLATFORMS[0].name));
  const platform = PLATFORMS.find((one) => one.name === name) ?? PLATFORMS[0];
  return html`
    <${Tabs} label=${t("platforms")} current=${platform.name} onChoose=${setName}
      tabs=${PLATFORMS.map((one) => ({ name: one.name, label: one.name }))} />
    <p class="muted">${t(platform.hint)}</p>
    <${CopyBox} text=${platformSnippet(platform.name, addressOf("mallard.js"), site)}
      label=${t("start_add")} copy=${t("copy")} copied=${t("copied")} />
  `;
}

/** @param {{ named: boolean, received: boolean }} props */
export function Ticks({ named, received }) {
  const { t } = useApp();
  /** @type {import("../lib/ask/answer.js").Answer<{ setup_required: boolean }>} */
  const { data } = useAnswer("api/auth/status");
  const ticks = /** @type {const} */ ([
    ["tick_site", named],
    ["tick_password", data?.setup_required === false],
    ["tick_snippet", received],
  ]);
  return html`
    <ul class="ticks">
      ${ticks.map(([key, done]) =>
        html`
          <li key=${key} class=${done ? "done" : ""}>
            <${Icon} name=${done ? "check" : "right"} size=${14} /> ${t(key)}
            <span class="muted">${t(done ? "tick_done" : "tick_open")}</span>
          </li>
        `
      )}
    </ul>
  `;
}
