// The piece of HTML a site embeds. Pure.

/** Keeps calls made before the tracker is there; the tracker makes them up. */
const EARLY = "<script>window.mallard = window.mallard || function () " +
  "{ (mallard.q = mallard.q || []).push(arguments) }</script>";

/**
 * `api` is where events are sent instead of the server of the script; `early` lets pages send
 * events before the script is there.
 * @param {string} script address of the tracker
 * @param {string} site
 * @param {{ api?: string, early?: boolean }} [options]
 * @returns {string}
 */
export function snippetOf(script, site, { api = "", early = false } = {}) {
  const own = api === "" ? "" : ` data-api="${quoted(api)}"`;
  const tag = `<script async defer src="${quoted(script)}" data-domain="${quoted(site)}"${own}>`;
  return `${early ? `${EARLY}\n` : ""}${tag}</script>`;
}

/**
 * A text as it stands between the quotes of an attribute.
 * @param {string} text
 */
function quoted(text) {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}
