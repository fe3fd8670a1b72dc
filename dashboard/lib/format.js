// Numbers, times and names as people read them, by Intl in one language. Pure: give it a locale.

/**
 * @typedef {object} Format
 * @property {string} locale
 * @property {(value: number) => string} count 12,345
 * @property {(value: number) => string} compact 12.3K
 * @property {(value: number) => string} decimal 2.4
 * @property {(share: number) => string} percent 0.423 → 42%
 * @property {(secs: number) => string} duration 95 → 1m 35s
 * @property {(day: string) => string} day 2024-01-15 → Mon, 15 Jan 2024
 * @property {(range: { from: string, to: string }) => string} days 1 – 15 Jan 2024
 * @property {(bucket: string) => string} bucket label of a point in time, short
 * @property {(bucket: string) => string} bucketLong label of a point in time, in full
 * @property {(code: string) => string} country DE → Germany
 */

/**
 * @param {string} locale a BCP 47 tag
 * @returns {Format}
 */
export function makeFormat(locale) {
  return { locale, ...numberFormats(locale), ...dateFormats(locale), ...nameFormats(locale) };
}

/** @param {string} locale */
function numberFormats(locale) {
  const count = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const compact = new Intl.NumberFormat(locale, {
    notation: "compact",
    maximumSignificantDigits: 3,
  });
  const decimal = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 });
  const finePercent = new Intl.NumberFormat(locale, {
    style: "percent",
    maximumFractionDigits: 1,
  });
  return {
    count: (/** @type {number} */ value) => count.format(value),
    compact: (/** @type {number} */ value) =>
      Math.abs(value) < 10_000 ? count.format(value) : compact.format(value),
    decimal: (/** @type {number} */ value) => decimal.format(value),
    percent: (/** @type {number} */ share) =>
      (share !== 0 && Math.abs(share) < 0.1 ? finePercent : percent).format(share),
    duration: durationFormat(locale),
  };
}

/** @param {string} locale */
function durationFormat(locale) {
  const unit = (/** @type {string} */ name) =>
    new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "narrow" });
  const hour = unit("hour");
  const minute = unit("minute");
  const second = unit("second");
  return (/** @type {number} */ secs) => {
    const whole = Math.round(secs);
    const hours = Math.floor(whole / 3600);
    const minutes = Math.floor((whole % 3600) / 60);
    if (hours > 0) return `${hour.format(hours)} ${minute.format(minutes)}`;
    if (minutes > 0) return `${minute.format(minutes)} ${second.format(whole % 60)}`;
    return second.format(whole);
  };
}

/** @param {string} locale */
function dateFormats(locale) {
  const make = (/** @type {Intl.DateTimeFormatOptions} */ options) =>
    new Intl.DateTimeFormat(locale, { timeZone: "UTC", ...options });
  const shortDay = make({ day: "numeric", month: "short" });
  const mediumDay = make({ day: "numeric", month: "short", year: "numeric" });
  const longDay = make({ weekday: "short", day: "numeric", month: "short", year: "numeric" });
  const time = make({ hour: "numeric", minute: "2-digit" });
  const longTime = make({
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "numeric",
    minute: "2-digit",
  });
  const hasTime = (/** @type {string} */ bucket) => bucket.length > 10;
  return {
    day: (/** @type {string} */ day) => longDay.format(timeOf(day)),
    days: (/** @type {{ from: string, to: string }} */ { from, to }) =>
      mediumDay.formatRange(timeOf(from), timeOf(to)),
    bucket: (/** @type {string} */ bucket) =>
      (hasTime(bucket) ? time : shortDay).format(timeOf(bucket)),
    bucketLong: (/** @type {string} */ bucket) =>
      (hasTime(bucket) ? longTime : longDay).format(timeOf(bucket)),
  };
}

/** @param {string} locale */
function nameFormats(locale) {
  const regions = new Intl.DisplayNames(locale, { type: "region", fallback: "code" });
  return {
    country: (/** @type {string} */ code) =>
      /^[A-Z]{2}$/.test(code) ? regions.of(code) ?? code : code,
  };
}

/**
 * Milliseconds of a bucket's label, `YYYY-MM-DD` or `YYYY-MM-DD HH:MM`, read as if in UTC: the
 * label already is local to the site.
 * @param {string} bucket
 * @returns {number}
 */
function timeOf(bucket) {
  const [day = "", time = "00:00"] = bucket.split(/[ T]/);
  return Date.parse(`${day}T${time.slice(0, 5)}:00Z`);
}
