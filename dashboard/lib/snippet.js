// The piece of HTML a site embeds. Pure.

/**
 * @param {string} script address of the tracker
 * @param {string} site
 * @returns {string}
 */
export function snippetOf(script, site) {
  return `<script async defer src="${quoted(script)}" data-domain="${quoted(site)}"></script>`;
}

/**
 * A text as it stands between the quotes of an attribute.
 * @param {string} text
 */
function quoted(text) {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}
