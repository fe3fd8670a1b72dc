// Internationalised names of hosts: in ASCII as they are stored and compared, in Unicode as people
// read them. A name that could be taken for another one stays in ASCII.

const ASCII_ONLY = /^[\0-\x7f]*$/;
/** What ends or splits the host of an address, or is decoded in it. */
const NOT_OF_HOST = /[\s\p{Cc}/?#@:%\\[\]]/u;
const PREFIX = "xn--";
const LABEL_CHARS_MAX = 63;

/**
 * A name of a host in ASCII (punycode); null where it can be none. ASCII texts stay as they are.
 * @param {string} name
 * @returns {string | null}
 */
export function asciiHost(name) {
  if (ASCII_ONLY.test(name)) return name;
  if (NOT_OF_HOST.test(name) || !URL.canParse(`http://${name}`)) return null;
  const { hostname } = new URL(`http://${name}`);
  return /^[a-z0-9._-]+$/.test(hostname) ? hostname : null;
}

/**
 * Each label of a text in ASCII: the whole of a host, a part of one, or an address with one.
 * @param {string} text
 * @returns {string}
 */
export function asciiLabels(text) {
  if (ASCII_ONLY.test(text)) return text;
  const match = /^([a-z][a-z0-9+.-]*:\/\/)?([^/?#:]*)(.*)$/isu.exec(text);
  const [, scheme = "", host = "", rest = ""] = match ?? [];
  const labels = host.split(/[.\u3002\uff0e\uff61]/u);
  return scheme + labels.map((label) => asciiHost(label) ?? label).join(".") + rest;
}

/**
 * A host, or an address with one, in Unicode where that cannot mislead.
 * @param {string} text
 * @returns {string}
 */
export function shownHost(text) {
  if (!/(?:^|[./])xn--/i.test(text)) return text;
  const match = /^([a-z][a-z0-9+.-]*:\/\/)?([^/?#]*)(.*)$/isu.exec(text);
  const [, scheme = "", host = "", rest = ""] = match ?? [];
  const labels = host.split(".");
  const top = labels.at(-1)?.split(":")[0] ?? "";
  return scheme + labels.map((label) => shownLabel(label, top)).join(".") + rest;
}

/**
 * @param {string} label
 * @param {string} top the label of the top-level domain
 * @returns {string}
 */
function shownLabel(label, top) {
  const [, name = "", port = ""] = /^(.*?)(:\d+)?$/s.exec(label) ?? [];
  if (name.length > LABEL_CHARS_MAX) return label;
  const unicode = decodedLabel(name);
  if (unicode === null || asciiHost(unicode) !== name.toLowerCase()) return label;
  return isPlain(unicode, decodedLabel(top) ?? top) ? unicode + port : label;
}

/**
 * @param {string} label
 * @returns {string | null} null for what is no punycode
 */
function decodedLabel(label) {
  return label.toLowerCase().startsWith(PREFIX) ? decoded(label.slice(PREFIX.length)) : null;
}

/** Scripts of which one may stand alone in a name. */
const SCRIPTS = ("Arabic Armenian Bengali Cyrillic Devanagari Ethiopic Georgian Greek Gujarati " +
  "Gurmukhi Han Hangul Hebrew Hiragana Kannada Katakana Khmer Lao Latin Malayalam Myanmar Oriya " +
  "Sinhala Tamil Telugu Thaana Thai Tibetan").split(" ");
/** Scripts that are written together. */
const TOGETHER = ["Han Hiragana Katakana Latin", "Han Bopomofo Latin", "Han Hangul Latin"];
/** Digits, hyphens, marks on letters, and the sign of long vowels. */
const COMMON = "0-9\\-\\u30fc\\u30fb\\p{Script=Inherited}";
const PLAIN = [...SCRIPTS, ...TOGETHER].map((scripts) => {
  const letters = scripts.split(" ").map((script) => `\\p{Script=${script}}`).join("");
  return new RegExp(`^[${COMMON}${letters}]+$`, "u");
});
/** Latin letters of no language's everyday writing, such as the script g of phonetics. */
const ODD_LATIN = new RegExp(
  "[\\u0180-\\u019f\\u01a2-\\u01ae\\u01b1-\\u01cc\\u01dd\\u01f1-\\u01f3\\u021c-\\u0258" +
    "\\u025a-\\u02ff\\u1d00-\\u1dff\\u2c60-\\u2c7f\\ua720-\\uab6f\\uff00-\\uffef]",
  "u",
);
/** Words of these letters alone look like Latin ones. */
const LOOK_LATIN = [
  { letters: /^[0-9\-асԁеһіјӏорԛѕԝхуъьҽпгѵѡ]+$/u, script: /\p{Script=Cyrillic}/u },
  { letters: /^[0-9\-αγεηικνορτυχω]+$/u, script: /\p{Script=Greek}/u },
];

/**
 * Whether a label is of one script, or of some that are written together, and looks like no other.
 * @param {string} label
 * @param {string} top
 * @returns {boolean}
 */
function isPlain(label, top) {
  if (!PLAIN.some((pattern) => pattern.test(label)) || ODD_LATIN.test(label)) return false;
  if (/\p{Script=Latin}\p{Script=Inherited}/u.test(label)) return false;
  return LOOK_LATIN.every(({ letters, script }) => !letters.test(label) || script.test(top));
}

const BASE = 36;
const T_MIN = 1;
const T_MAX = 26;
const SKEW = 38;
const DAMP = 700;
const BIAS = 72;
const FIRST = 0x80;
const CODE_POINT_MAX = 0x10ffff;

/**
 * What punycode (RFC 3492) stands for.
 * @param {string} code without its prefix
 * @returns {string | null}
 */
function decoded(code) {
  const hyphen = code.lastIndexOf("-");
  const points = [...code.slice(0, Math.max(0, hyphen))].map((letter) => letter.charCodeAt(0));
  let [point, at, bias] = [FIRST, 0, BIAS];
  for (let from = hyphen + 1; from < code.length;) {
    const before = at;
    for (let weight = 1, k = BASE;; k += BASE) {
      const digit = from < code.length ? digitOf(code.charCodeAt(from++)) : -1;
      if (digit < 0) return null;
      at += digit * weight;
      const threshold = Math.min(T_MAX, Math.max(T_MIN, k - bias));
      if (digit < threshold) break;
      weight *= BASE - threshold;
      if (weight > CODE_POINT_MAX * BASE) return null;
    }
    const length = points.length + 1;
    bias = adapted(at - before, length, before === 0);
    point += Math.floor(at / length);
    if (point > CODE_POINT_MAX) return null;
    points.splice(at %= length, 0, point);
    at++;
  }
  return String.fromCodePoint(...points);
}

/**
 * @param {number} code
 * @returns {number} -1 for no digit
 */
function digitOf(code) {
  if (code >= 0x30 && code <= 0x39) return code - 0x30 + 26;
  const letter = (code | 0x20) - 0x61;
  return letter >= 0 && letter < 26 ? letter : -1;
}

/**
 * @param {number} delta
 * @param {number} length
 * @param {boolean} isFirst
 * @returns {number}
 */
function adapted(delta, length, isFirst) {
  let rest = isFirst ? Math.floor(delta / DAMP) : Math.floor(delta / 2);
  rest += Math.floor(rest / length);
  let k = 0;
  for (; rest > ((BASE - T_MIN) * T_MAX) / 2; k += BASE) rest = Math.floor(rest / (BASE - T_MIN));
  return k + Math.floor(((BASE - T_MIN + 1) * rest) / (rest + SKEW));
}
