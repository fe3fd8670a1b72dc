// The HTML snippet that a site embeds. Pure.

/** Keeps calls made before the tracker is there; the tracker makes them up. */
const EARLY = "<script>window.mallard = window.mallard || function () " +
  "{ (mallard.q = mallard.q || []).push(arguments) }</script>";

/** What the tag asks of the tracker beside pageviews, by the names of `data-modules`. */
export const MODULES = /** @type {const} */ (
  ["outbound", "downloads", "forms", "404", "tagged", "engagement", "vitals"]
);

/**
 * `api` is the URL events are sent to, if not the script's server; `early` lets pages send events
 * before the script has loaded; `modules` are those of MODULES that are asked for.
 * @param {string} script address of the tracker
 * @param {string} site
 * @param {{ api?: string, early?: boolean, modules?: readonly string[] }} [options]
 * @returns {string}
 */
export function snippetOf(script, site, { api = "", early = false, modules = [] } = {}) {
  const more = modules.length === 0 ? "" : ` data-modules="${modules.join(" ")}"`;
  const own = `${api === "" ? "" : ` data-api="${quoted(api)}"`}${more}`;
  const tag = `<script async defer src="${quoted(script)}" data-domain="${quoted(site)}"${own}>`;
  return `${early ? `${EARLY}\n` : ""}${tag}</script>`;
}

/**
 * The tags of other programs, which this server understands. `addressOf` gives a file's address.
 * @param {(file: string) => string} addressOf
 * @param {{ site_id: string, website_id?: string | undefined }} site
 * @returns {{ name: string, code: string }[]}
 */
export function peerSnippets(addressOf, { site_id, website_id = "" }) {
  const script = (/** @type {string} */ file, /** @type {string} */ attributes) =>
    `<script defer src="${quoted(addressOf(file))}" ${attributes}></script>`;
  const count = `data-goatcounter="${quoted(addressOf("count"))}"`;
  const all = [
    { name: "Plausible", code: script("js/script.js", `data-domain="${quoted(site_id)}"`) },
    { name: "GoatCounter", code: script("count.js", count) },
  ];
  if (website_id === "") return all;
  const umami = script("script.js", `data-website-id="${quoted(website_id)}"`);
  return [...all, { name: "Umami", code: umami }];
}

/** What a site may be made with: its name, and the key of the text that says where the tag goes. */
export const PLATFORMS = /** @type {const} */ ([
  { name: "HTML", hint: "platform_html" },
  { name: "WordPress", hint: "platform_wordpress" },
  { name: "Next.js", hint: "platform_nextjs" },
  { name: "Shopify", hint: "platform_shopify" },
  { name: "Google Tag Manager", hint: "platform_gtm" },
]);

/**
 * The snippet as a platform takes it.
 * @param {string} platform
 * @param {string} script address of the tracker
 * @param {string} site
 */
export function platformSnippet(platform, script, site) {
  if (platform === "Next.js") {
    return `import Script from "next/script";\n\n` +
      `<Script src="${quoted(script)}" data-domain="${quoted(site)}" />`;
  }
  // It keeps no attributes of its own of a script.
  if (platform === "Google Tag Manager") {
    const text = (/** @type {string} */ value) => JSON.stringify(value).replaceAll("<", "\\u003c");
    return `<script>\n(function () {\n  var tag = document.createElement("script");\n` +
      `  tag.defer = true;\n  tag.src = ${text(script)};\n` +
      `  tag.setAttribute("data-domain", ${text(site)});\n` +
      `  document.head.appendChild(tag);\n})();\n</script>`;
  }
  return snippetOf(script, site);
}

/**
 * Escapes a text for a quoted attribute.
 * @param {string} text
 */
function quoted(text) {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}
