// The HTML snippet that a site embeds. Pure.

/** Keeps calls made before the tracker is there; the tracker makes them up. */
const EARLY = "<script>window.mallard = window.mallard || function () " +
  "{ (mallard.q = mallard.q || []).push(arguments) }</script>";

/**
 * `api` is the URL events are sent to, if not the script's server; `early` lets pages send events
 * before the script has loaded.
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
 * Escapes a text for a quoted attribute.
 * @param {string} text
 */
function quoted(text) {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}
