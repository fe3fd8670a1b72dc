// The settings page: one group of panels at a time.
import { useApp } from "../lib/state/context.js";
import { html, useEffect, useRef } from "../lib/html.js";
import { ApiKeys } from "../panels/settings/api_keys.js";
import { Backups } from "../panels/settings/backups.js";
import { Dropped, Erase, EventExport, ExportLinks } from "../panels/settings/data.js";
import { Imports } from "../panels/settings/imports.js";
import { Doctor } from "../panels/settings/doctor.js";
import { Annotations } from "../panels/settings/items/annotations.js";
import { SavedFunnels } from "../panels/settings/items/funnels.js";
import { Goals } from "../panels/settings/items/goals.js";
import { Segments } from "../panels/settings/items/segments.js";
import { PathRulesPanel } from "../panels/settings/path_rules.js";
import { useViewParams } from "../lib/state/view_params.js";
import {
  AccessSettings,
  DataSettings,
  DeleteSite,
  GeneralSettings,
  PrivacySettings,
  TrackingSettings,
} from "../panels/settings/site_settings.js";
import { Snippet } from "../panels/settings/snippet.js";

/** The sections with their panels by column: on small screens the columns follow each other. */
const SECTIONS = /** @type {const} */ ([
  { name: "section_site", columns: [[GeneralSettings]] },
  { name: "section_snippet", columns: [[Snippet], [TrackingSettings, PathRulesPanel]] },
  { name: "section_goals", columns: [[Goals], [SavedFunnels, Segments, Annotations]] },
  { name: "section_privacy", columns: [[PrivacySettings]] },
  { name: "section_keys", columns: [[AccessSettings], [ApiKeys]] },
  {
    name: "section_data",
    columns: [[DataSettings, EventExport, ExportLinks, Dropped], [Imports, Backups]],
  },
  { name: "section_danger", columns: [[Erase], [DeleteSite]] },
  { name: "section_about", columns: [[Doctor]] },
]);

/** Draws the page. */
export function SettingsPage() {
  const { t, site } = useApp();
  const { own, setViewParam } = useViewParams();
  const current = SECTIONS.find(({ name }) => name === own["section"]) ?? SECTIONS[0];
  const pressed = useRef(/** @type {HTMLElement | null} */ (null));
  // On a phone the row of sections is wider than the page.
  useEffect(() => {
    pressed.current?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [current.name]);
  return html`
    <h1 class="title">${t("settings_of", { site: site.name || site.site_id })}</h1>
    <div class="pills" role="group" aria-label=${t("settings")}>
      ${SECTIONS.map(({ name }) =>
        html`
          <button key=${name} type="button" class="pill" aria-pressed=${name === current.name}
            ref=${name === current.name ? pressed : null}
            onClick=${() => setViewParam({ section: name === SECTIONS[0].name ? "" : name })}>
            ${t(name)}</button>
        `
      )}
    </div>
    <div class="stack settings">
      ${current.columns.map((panels, index) =>
        html`
          <div key=${`${current.name} ${index}`} class="stack">
            ${panels.map((draw) => html`<${draw} key=${`${site.site_id} ${draw.name}`} />`)}
          </div>
        `
      )}
    </div>
  `;
}
