// Names of browsers, systems and devices in files of sums → as the data does.
import { join, type Sql, sql } from "../../../core/sql.ts";
import { literal } from "../../../storage/parquet/schema.ts";

const BROWSERS: Readonly<Record<string, string>> = {
  "brave browser": "Brave",
  "chrome mobile": "Chrome",
  "chrome mobile ios": "Chrome",
  "chrome webview": "Chrome",
  "duckduckgo privacy browser": "DuckDuckGo",
  "firefox mobile": "Firefox",
  "firefox mobile ios": "Firefox",
  "google search app": "Google App",
  "microsoft edge": "Edge",
  "mobile app": "Mobile App",
  "mobile safari": "Safari",
  "opera mobile": "Opera",
  "opera mini": "Opera",
  "samsung browser": "Samsung Internet",
  "vivaldi": "Vivaldi",
};

const SYSTEMS: Readonly<Record<string, string>> = {
  "gnu/linux": "Linux",
  "mac": "macOS",
  "mac os": "macOS",
  "mac os x": "macOS",
  "macintosh": "macOS",
  "os x": "macOS",
  "chrome os": "Chrome OS",
  "fire os": "Fire OS",
};

const DEVICES: Readonly<Record<string, string>> = {
  "laptop": "desktop",
  "phone": "mobile",
  "ultrawide": "desktop",
};

function named(text: Sql, names: Readonly<Record<string, string>>, other: Sql): Sql {
  const cases = Object.entries(names).map(([from, to]) =>
    sql`when ${literal(from)} then ${literal(to)}`
  );
  return sql`nullif(case lower(${text}) when '(not set)' then '' ${
    join(cases, " ")
  } else ${other} end, '')`;
}

/** The name of a browser; one that is not listed stays. */
export function browserName(text: Sql): Sql {
  return named(text, BROWSERS, text);
}

/** The name of a system; one that is not listed stays. */
export function systemName(text: Sql): Sql {
  return named(text, SYSTEMS, text);
}

/** The kind of a device. */
export function deviceName(text: Sql): Sql {
  return named(text, DEVICES, sql`lower(${text})`);
}
