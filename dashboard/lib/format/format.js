// Formats numbers, times and names with Intl in one locale. Pure: the locale is a parameter.

/**
 * @typedef {object} Format
 * @property {string} locale
 * @property {(value: number) => string} count 12,345
 * @property {(value: number) => string} compact 12,345, but 123K
 * @property {(value: number) => string} decimal 2.4
 * @property {(share: number) => string} percent 0.423 → 42%, 0.0001 → <0.1%
 * @property {(count: number, unit: string) => string} span 2 hours
 * @property {(secs: number) => string} duration 95 → 1m 35s
 * @property {(value: number) => string} hundredths 0.07
 * @property {(value: number) => string} oneDigit 0.0034 → 0.003
 * @property {(value: number) => string} milliseconds 80 → 80 ms, 2400 → 2.4 sec
 * @property {(day: string) => string} day 2024-01-15 → Mon, 15 Jan 2024
 * @property {(range: { from: string, to: string }) => string} days 1 – 15 Jan 2024
 * @property {(bucket: string) => string} bucket label of a point in time, short
 * @property {(bucket: string) => string} bucketLong label of a point in time, in full
 * @property {(day: string) => string} month January 2024
 * @property {(day: string) => string} monthShort Feb, and for January the year it begins
 * @property {(number: number) => string} weekday 1 → Mon
 * @property {(number: number) => string} weekdayLong 1 → Monday
 * @property {(hour: number) => string} hour 13 → 1 PM
 * @property {(code: string) => string} country DE → Germany
 * @property {(code: string) => string} language de → German
 * @property {(unit: Unit, value: Value) => string} value a metric's value, short
 * @property {(unit: Unit, value: Value) => string} exact the same in full
 * @property {(amounts: Amounts) => string} wholeMoney amounts, large ones without hundredths
 * @property {(change: number) => { n: number, size: string }} points 0.25 → 25 and its text
 */

/** @typedef {import("../state/schema.js").Metric["unit"]} Unit */
/** @typedef {readonly { currency: string, value: number }[]} Amounts */
/** @typedef {number | null | Amounts} Value */

/**
 * @param {string} locale a BCP 47 tag
 * @returns {Format}
 */
export function makeFormat(locale) {
  const numbers = numberFormats(locale);
  return {
    locale,
    ...numbers,
    ...dateFormats(locale),
    ...nameFormats(locale),
    ...valueFormats(locale, numbers),
  };
}

/**
 * A format that is made when it is used for the first time: to make all of them at once holds the
 * page up.
 * @template T
 * @param {() => T} make
 * @returns {() => T}
 */
function atFirstUse(make) {
  /** @type {T | undefined} */
  let made;
  return () => made ??= make();
}

/** The text of a missing value. */
const NOTHING = "–";

/** The least share that is written: a smaller one is not nothing. */
const SHARE_LEAST = 0.001;
/** Shares have a digit more up to 9.9%. */
const SHARE_FINE = 0.0995;

/** In a row, hundredths say nothing of larger amounts. */
const MONEY_WHOLE = 1000;

/**
 * @param {string} locale
 * @param {ReturnType<typeof numberFormats>} numbers
 */
function valueFormats(locale, numbers) {
  const points = atFirstUse(() => new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }));
  /** With the digits of the currency, or none. */
  const money = (
    /** @type {number} */ value,
    /** @type {string} */ currency,
    /** @type {{ maximumFractionDigits?: 0 }} */ digits = {},
  ) => new Intl.NumberFormat(locale, { style: "currency", currency, ...digits }).format(value);
  /** @type {Record<Unit, (value: number) => string>} */
  const short = {
    count: numbers.compact,
    ratio: numbers.percent,
    number: numbers.decimal,
    seconds: numbers.duration,
    money: numbers.decimal,
  };
  /**
   * @param {Value} value
   * @param {(value: number) => string} write
   */
  const written = (value, write) => {
    if (value === null || value === undefined) return NOTHING;
    if (typeof value === "number") return write(value);
    return value.map((amount) => money(amount.value, amount.currency)).join(" · ") || NOTHING;
  };
  return {
    value: (/** @type {Unit} */ unit, /** @type {Value} */ value) => written(value, short[unit]),
    wholeMoney: (/** @type {Amounts} */ amounts) =>
      amounts.map(({ value, currency }) =>
        money(value, currency, Math.abs(value) < MONEY_WHOLE ? {} : { maximumFractionDigits: 0 })
      ).join(" · ") || NOTHING,
    exact: (/** @type {Unit} */ unit, /** @type {Value} */ value) =>
      written(value, unit === "count" ? numbers.count : short[unit]),
    points: (/** @type {number} */ change) => {
      const n = Math.round(Math.abs(change) * 1000) / 10;
      return { n, size: points().format(n) };
    },
  };
}

/** @param {string} locale */
function numberFormats(locale) {
  const count = atFirstUse(() => new Intl.NumberFormat(locale, { maximumFractionDigits: 0 }));
  const compact = atFirstUse(() =>
    new Intl.NumberFormat(locale, {
      notation: "compact",
      maximumSignificantDigits: 3,
    })
  );
  const decimal = atFirstUse(() =>
    new Intl.NumberFormat(locale, {
      minimumFractionDigits: 1,
      maximumFractionDigits: 1,
    })
  );
  const percent = atFirstUse(() =>
    new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 })
  );
  const finePercent = atFirstUse(() =>
    new Intl.NumberFormat(locale, {
      style: "percent",
      minimumFractionDigits: 1,
      maximumFractionDigits: 1,
    })
  );
  return {
    count: (/** @type {number} */ value) => count().format(value),
    compact: (/** @type {number} */ value) =>
      Math.abs(value) < 100_000 ? count().format(value) : compact().format(value),
    decimal: (/** @type {number} */ value) => decimal().format(value),
    percent: (/** @type {number} */ share) =>
      share > 0 && share < SHARE_LEAST / 2
        ? `<${finePercent().format(SHARE_LEAST)}`
        : (share !== 0 && Math.abs(share) < SHARE_FINE ? finePercent() : percent()).format(share),
    duration: durationFormat(locale),
    oneDigit: (/** @type {number} */ value) =>
      new Intl.NumberFormat(locale, { maximumSignificantDigits: 1 }).format(value),
    hundredths: (/** @type {number} */ value) =>
      new Intl.NumberFormat(locale, { maximumFractionDigits: 2 }).format(value),
    milliseconds: (/** @type {number} */ value) =>
      Math.round(value) < 1000
        ? shortUnit(locale, "millisecond", 0).format(value)
        : shortUnit(locale, "second", 1).format(value / 1000),
    span: (/** @type {number} */ value, /** @type {string} */ unit) =>
      new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" }).format(value),
  };
}

/** @param {string} locale @param {string} unit @param {number} digits */
function shortUnit(locale, unit, digits) {
  return new Intl.NumberFormat(locale, { style: "unit", unit, maximumFractionDigits: digits });
}

/** @param {string} locale */
function durationFormat(locale) {
  const unit = (/** @type {string} */ name) =>
    new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "narrow" });
  const hour = atFirstUse(() => unit("hour"));
  const minute = atFirstUse(() => unit("minute"));
  const second = atFirstUse(() => unit("second"));
  return (/** @type {number} */ secs) => {
    const whole = Math.round(secs);
    const hours = Math.floor(whole / 3600);
    const minutes = Math.floor((whole % 3600) / 60);
    // The abbreviations of some languages are too long for a tile.
    if (locale.startsWith("de") && whole >= 60) {
      const two = (/** @type {number} */ part) => String(part).padStart(2, "0");
      return hours > 0 ? `${hours}:${two(minutes)} h` : `${minutes}:${two(whole % 60)} min`;
    }
    if (hours > 0) return `${hour().format(hours)} ${minute().format(minutes)}`;
    if (minutes > 0) return `${minute().format(minutes)} ${second().format(whole % 60)}`;
    return second().format(whole);
  };
}

/** @param {string} locale */
function dateFormats(locale) {
  const make = (/** @type {Intl.DateTimeFormatOptions} */ options) =>
    new Intl.DateTimeFormat(locale, { timeZone: "UTC", ...options });
  const shortDay = atFirstUse(() => make({ day: "numeric", month: "short" }));
  const mediumDay = atFirstUse(() => make({ day: "numeric", month: "short", year: "numeric" }));
  const longDay = atFirstUse(() =>
    make({ weekday: "short", day: "numeric", month: "short", year: "numeric" })
  );
  const time = atFirstUse(() => make({ hour: "numeric", minute: "2-digit" }));
  const longTime = atFirstUse(() =>
    make({
      weekday: "short",
      day: "numeric",
      month: "short",
      hour: "numeric",
      minute: "2-digit",
    })
  );
  const month = atFirstUse(() => make({ month: "long", year: "numeric" }));
  const shortMonth = atFirstUse(() => make({ month: "short" }));
  const year = atFirstUse(() => make({ year: "numeric" }));
  const weekday = atFirstUse(() => make({ weekday: "short" }));
  const longWeekday = atFirstUse(() => make({ weekday: "long" }));
  const hourOnly = atFirstUse(() => make({ hour: "numeric" }));
  const hasTime = (/** @type {string} */ bucket) => bucket.length > 10;
  return {
    day: (/** @type {string} */ day) => longDay().format(timeOf(day)),
    days: (/** @type {{ from: string, to: string }} */ { from, to }) =>
      (hasTime(from) ? longTime() : mediumDay()).formatRange(timeOf(from), timeOf(to)),
    month: (/** @type {string} */ day) => month().format(timeOf(day)),
    monthShort: (/** @type {string} */ day) =>
      (day.slice(5, 7) === "01" ? year() : shortMonth()).format(timeOf(day)),
    weekday: (/** @type {number} */ number) => weekday().format(Date.UTC(2024, 0, number)),
    weekdayLong: (/** @type {number} */ number) => longWeekday().format(Date.UTC(2024, 0, number)),
    hour: (/** @type {number} */ hour) => hourOnly().format(Date.UTC(2024, 0, 1, hour)),
    bucket: (/** @type {string} */ bucket) =>
      (hasTime(bucket) ? time() : shortDay()).format(timeOf(bucket)),
    bucketLong: (/** @type {string} */ bucket) =>
      (hasTime(bucket) ? longTime() : longDay()).format(timeOf(bucket)),
  };
}

/** @param {string} locale */
function nameFormats(locale) {
  const regions = atFirstUse(() =>
    new Intl.DisplayNames(locale, { type: "region", fallback: "code" })
  );
  const languages = atFirstUse(() =>
    new Intl.DisplayNames(locale, { type: "language", fallback: "code" })
  );
  return {
    country: (/** @type {string} */ code) =>
      /^[A-Z]{2}$/.test(code) ? regions().of(code) ?? code : code,
    language: (/** @type {string} */ code) =>
      /^[a-z]{2,3}(-([A-Z]{2}|\d{3}))?$/.test(code) ? languages().of(code) ?? code : code,
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
