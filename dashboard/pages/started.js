// What is done and what is left to do, above the dashboard of a site whose first event has just
// arrived.
import { Icon } from "../components/layout/icon.js";
import { useAnswer } from "../lib/ask/answer.js";
import { withParams } from "../lib/ask/api.js";
import { html } from "../lib/html.js";
import { siteName } from "../lib/format/site_name.js";
import { useApp } from "../lib/state/context.js";
import { Ticks } from "./start_snippet.js";

/** @typedef {import("../lib/ask/answers.js").OverviewAnswer} OverviewAnswer */

/** @param {{ locked: boolean, onPassword: () => void, onClose: () => void }} props */
export function StartedPanel({ locked, onPassword, onClose }) {
  const { t, site } = useApp();
  // A site that has just been added is not waited for until its numbers are known.
  /** @type {import("../lib/ask/answer.js").Answer<OverviewAnswer>} */
  const { data } = useAnswer(
    withParams("api/stats/main", { site_id: site.site_id, period: "all" }),
  );
  if (!data || data.unique_visitors === 0) return null;
  return html`
    <section class="panel started" aria-label=${t("start_done", { site: siteName(site) })}>
      <p role="status"><b>${t("start_done", { site: siteName(site) })}</b></p>
      <${Ticks} site=${site.site_id} named=${true} locked=${locked} received=${true}
        onPassword=${onPassword} />
      <p class="muted">${t("started_own_visits")}</p>
      <button type="button" class="button quiet square small started-close"
        aria-label=${t("close")} title=${t("close")} onClick=${onClose}>
        <${Icon} name="close" /></button>
    </section>
  `;
}
