// The schema from the server, and the labels of its names: translated, or else the server's own
// label.

/**
 * @typedef {object} Metric
 * @property {string} name
 * @property {string} label
 * @property {"count" | "ratio" | "number" | "seconds" | "money"} unit
 * @property {"all" | "pages" | "goals"} applies_to where the metric makes sense
 * @property {1 | -1 | 0} better whether more is better, worse, or neither
 */

/**
 * @typedef {object} Dimension
 * @property {string} name
 * @property {string} label
 * @property {string} group
 * @property {string} of
 * @property {string} missing what stands for no value
 * @property {boolean} filter whether one can filter by it
 */

/**
 * @typedef {object} Operator
 * @property {string} name
 * @property {string} label
 * @property {"some" | "number" | "none"} values
 */

/** @typedef {{ name: string, label: string, interval: string }} NamedPeriod */

/**
 * @typedef {object} Schema
 * @property {readonly Metric[]} metrics
 * @property {readonly Dimension[]} dimensions
 * @property {readonly Operator[]} operators
 * @property {readonly NamedPeriod[]} periods
 * @property {readonly string[]} intervals
 * @property {readonly { name: string }[]} comparisons
 * @property {readonly { name: string, default: unknown }[]} site_settings
 */

/** @type {Schema} */
export const NO_SCHEMA = {
  metrics: [],
  dimensions: [],
  operators: [],
  periods: [],
  intervals: [],
  comparisons: [],
  site_settings: [],
};

/** Prefix of the dimensions of custom properties. */
export const PROPS = "props:";

/**
 * @typedef {"metric" | "dimension" | "operator" | "period" | "interval" | "compare" | "versus"
 *   | "group" | "setting"} Kind
 */

/**
 * The labels of a schema's names.
 * @typedef {(kind: Kind, name: string) => string} NameOf
 */

/**
 * @param {Schema} schema
 * @param {import("../format/text.js").Translate} t
 * @returns {NameOf}
 */
export function makeNames(schema, t) {
  /** @type {Readonly<Record<string, readonly { name: string, label?: string }[]>>} */
  const lists = {
    metric: schema.metrics,
    dimension: schema.dimensions,
    operator: schema.operators,
    period: schema.periods,
  };
  return (kind, name) => {
    if (kind === "dimension" && name.startsWith(PROPS)) return name.slice(PROPS.length);
    const key = /** @type {import("../format/text.js").Key} */ (`${kind}_${name}`);
    const text = t(key);
    if (text !== key) return text;
    return lists[kind]?.find((row) => row.name === name)?.label ?? name;
  };
}

/**
 * A metric by its name; an unknown one is treated as a count.
 * @param {Schema} schema
 * @param {string} name
 * @returns {Metric}
 */
export function metricOf({ metrics }, name) {
  return metrics.find((metric) => metric.name === name) ??
    { name, label: name, unit: "count", applies_to: "all", better: 1 };
}

/**
 * A dimension by its name, custom properties included.
 * @param {Schema} schema
 * @param {string} name
 * @returns {Dimension | undefined}
 */
export function dimensionOf({ dimensions }, name) {
  const wanted = name.startsWith(PROPS) ? `${PROPS}KEY` : name;
  const found = dimensions.find((dimension) => dimension.name === wanted);
  return found && { ...found, name };
}

/**
 * The dimensions of a breakdown row: a version is shown with the name it belongs to.
 * @param {Schema} schema
 * @param {string} name
 * @returns {readonly string[]} the dimension itself comes first
 */
export function rowDimensions({ dimensions }, name) {
  const whole = name.replace(/_version$/, "");
  return whole !== name && dimensions.some((one) => one.name === whole) ? [name, whole] : [name];
}
