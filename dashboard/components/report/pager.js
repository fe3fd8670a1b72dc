// The buttons between the pages of a list, where it has several.
import { useApp } from "../../lib/state/context.js";
import { html } from "../../lib/html.js";

/**
 * Draws them; `page` counts from 0.
 * @param {{ page: number, total: number, rows: number, onPage: (page: number) => void }} props
 */
export function Pager({ page, total, rows, onPage }) {
  const { t } = useApp();
  const pages = Math.ceil(total / rows);
  if (pages <= 1) return null;
  return html`
    <div class="form-foot">
      <button type="button" class="button" disabled=${page === 0}
        onClick=${() => onPage(page - 1)}>${t("page_previous")}</button>
      <span class="muted">${t("page_of", { n: page + 1, pages })}</span>
      <button type="button" class="button" disabled=${page + 1 >= pages}
        onClick=${() => onPage(page + 1)}>${t("page_next")}</button>
    </div>
  `;
}
