// Codes of browsers, systems and devices as Matomo stores them → names as the data has them.
import { join, type Sql, sql } from "../../../core/sql.ts";
import { literal } from "../../../storage/parquet/schema.ts";

const BROWSERS: Readonly<Record<string, string>> = {
  AN: "Android Browser",
  BR: "Brave",
  CH: "Chrome",
  CI: "Chrome",
  CM: "Chrome",
  CR: "Chromium",
  CV: "Chrome",
  FF: "Firefox",
  FM: "Firefox",
  IE: "Internet Explorer",
  IM: "Internet Explorer",
  MF: "Safari",
  OI: "Opera Mini",
  OM: "Opera",
  OP: "Opera",
  PS: "Edge",
  SB: "Samsung Internet",
  SF: "Safari",
  VI: "Vivaldi",
  YA: "Yandex Browser",
};

const SYSTEMS: Readonly<Record<string, string>> = {
  AND: "Android",
  COS: "Chrome OS",
  DEB: "Debian",
  FED: "Fedora",
  IOS: "iOS",
  IPA: "iPadOS",
  LIN: "Linux",
  MAC: "macOS",
  UBT: "Ubuntu",
  WIN: "Windows",
};

const DEVICES: Readonly<Record<string, string>> = {
  "0": "desktop",
  "1": "mobile",
  "2": "tablet",
  "3": "mobile",
  "10": "mobile",
};

function named(value: Sql, names: Readonly<Record<string, string>>): Sql {
  const cases = Object.entries(names).map(([from, to]) =>
    sql`when ${literal(from)} then ${literal(to)}`
  );
  return sql`case ${value} ${join(cases, " ")}`;
}

/** The name of a browser; a code that is not listed stays. */
export function matomoBrowser(code: Sql): Sql {
  return sql`${named(code, BROWSERS)} else ${code} end`;
}

/** The name of a system; a code that is not listed stays. */
export function matomoSystem(code: Sql): Sql {
  return sql`${named(code, SYSTEMS)} else ${code} end`;
}

/** The kind of a device, where it is one of three. */
export function matomoDevice(code: Sql): Sql {
  return sql`${named(code, DEVICES)} end`;
}
