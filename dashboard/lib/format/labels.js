// The display text of a dimension's values. The values themselves stay unchanged in data-value and
// in requests.
import { shownHost } from "../../grammar/host_name.js";
import { html } from "../html.js";
import { dimensionOf } from "../state/schema.js";
import { BrandMark } from "../marks/brand_mark.js";
import { flagOf } from "../marks/marks.js";
import { MoreFlag } from "../marks/more_flags.js";

/** Labels of the values defined by this program, not by visitors. */
const WORDS = /** @type {const} */ ({
  desktop: "desktop",
  laptop: "laptop",
  mobile: "mobile",
  tablet: "tablet",
});

/**
 * @param {Pick<import("../state/schema.js").Dimension, "name" | "group" | "missing">} dimension
 * @param {string} value
 * @param {Pick<import("../state/context.js").App, "t" | "format">} app
 * @returns {{ label: unknown, text: string }}
 */
export function labelOf({ name, group, missing }, value, { t, format }) {
  if (value === missing) {
    const text = t(group === "sources" ? "direct" : group === "campaigns" ? "none" : "unknown");
    return { label: html`<span class="muted">${text}</span>`, text };
  }
  if (name === "country") {
    const text = format.country(value);
    const flag = flagOf(value) ?? html`<${MoreFlag} code=${value} />`;
    return { label: html`${flag}${text}`, text };
  }
  if (name === "language") {
    const text = format.language(value);
    return { label: html`<span class="code">${value}</span>${text}`, text };
  }
  if (name === "day_of_week" && /^[1-7]$/.test(value)) {
    const text = format.weekdayLong(Number(value));
    return { label: text, text };
  }
  if (name === "hour_of_day" && /^([01]\d|2[0-3])$/.test(value)) {
    const text = format.hour(Number(value));
    return { label: text, text };
  }
  if (group === "devices" && Object.hasOwn(WORDS, value)) {
    const text = t(WORDS[/** @type {keyof typeof WORDS} */ (value)]);
    return withMark("device", value, text);
  }
  if (name === "channel") {
    const text = channelText(value, t);
    return { label: text, text };
  }
  if (group === "sources" || name.endsWith("hostname")) {
    const text = shownHost(value);
    return name === "source" ? withMark(name, value, text) : { label: text, text };
  }
  return name === "browser" || name === "os"
    ? withMark(name, value, value)
    : { label: value, text: value };
}

/**
 * A channel in the reader's language; one without a text is shown by its name.
 * @param {string} channel
 * @param {import("./text.js").Translate} t
 */
function channelText(channel, t) {
  const key = `channel_${channel.toLowerCase().replaceAll(/[^a-z]+/g, "_")}`;
  const text = t(/** @type {import("./text.js").Key} */ (key));
  return text === key ? channel : text;
}

/**
 * A text with the icon of its value before it.
 * @param {import("../marks/brand_mark.js").MarkKind} kind
 * @param {string} value
 * @param {string} text
 */
function withMark(kind, value, text) {
  return { label: html`<${BrandMark} kind=${kind} value=${value} />${text}`, text };
}

/**
 * The label of a breakdown row with one dimension, or with two where the second is the parent of
 * the first.
 * @param {readonly string[]} dimensions
 * @param {readonly string[]} values
 * @param {Pick<import("../state/context.js").App, "t" | "format" | "schema">} app
 * @returns {{ label: unknown, text: string }}
 */
export function labelOfRow(dimensions, values, app) {
  const [part, whole] = dimensions.map((name, index) => {
    const value = values[index] ?? "";
    const dimension = dimensionOf(app.schema, name);
    return dimension ? labelOf(dimension, value, app) : { label: value, text: value };
  });
  if (!part) return { label: "", text: "" };
  if (!whole) return part;
  const text = `${whole.text} ${part.text}`;
  return { label: text, text };
}
