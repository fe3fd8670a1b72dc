// What an administrator should change in the settings of the server, above every page.
import { CopyBox } from "../../components/controls/copy_box.js";
import { html } from "../../lib/html.js";
import { useApp } from "../../lib/state/context.js";

/**
 * @typedef {object} ServerWarnings
 * @property {string} [missing_proxy] the line for the settings file that names the proxy
 * @property {readonly ("secret" | "admin_password")[]} [weak_secrets]
 */

/** @param {{ warnings: ServerWarnings }} props */
export function WarningsPanel({ warnings: { missing_proxy, weak_secrets = [] } }) {
  const { t } = useApp();
  const texts = weak_secrets.map((name) =>
    t(name === "secret" ? "warning_secret" : "warning_password")
  );
  if (missing_proxy !== undefined) texts.push(t("warning_proxy"));
  if (texts.length === 0) return null;
  return html`
    <section class="warnings" aria-label=${t("warnings")}>
      ${texts.map((text) => html`<p key=${text}>${text}</p>`)}
      ${missing_proxy !== undefined && html`
        <${CopyBox} text=${missing_proxy} label=${t("warnings")} copy=${t("copy")}
          copied=${t("copied")} />
      `}
    </section>
  `;
}
