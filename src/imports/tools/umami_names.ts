// Names of browsers and systems as Umami stores them → as the data does.
import { join, type Sql, sql } from "../../core/sql.ts";
import { literal } from "../../storage/parquet/schema.ts";

const BROWSERS: Readonly<Record<string, string>> = {
  "android": "Android Browser",
  "android-webview": "Chrome",
  "aol": "AOL",
  "beaker": "Beaker",
  "bb10": "BlackBerry Browser",
  "brave": "Brave",
  "chrome": "Chrome",
  "chromium-webview": "Chrome",
  "crios": "Chrome",
  "curl": "curl",
  "edge": "Edge",
  "edge-chromium": "Edge",
  "edge-ios": "Edge",
  "facebook": "Facebook",
  "firefox": "Firefox",
  "fxios": "Firefox",
  "ie": "Internet Explorer",
  "instagram": "Instagram",
  "ios": "Safari",
  "ios-webview": "Safari",
  "kakaotalk": "KakaoTalk",
  "miui": "MIUI Browser",
  "opera": "Opera",
  "opera-mini": "Opera",
  "phantomjs": "PhantomJS",
  "safari": "Safari",
  "samsung": "Samsung Internet",
  "searchbot": "Searchbot",
  "silk": "Silk",
  "yandexbrowser": "Yandex Browser",
};

/** The name of a browser; one that is not listed stays. */
export function umamiBrowser(text: Sql): Sql {
  const cases = Object.entries(BROWSERS).map(([from, to]) =>
    sql`when ${literal(from)} then ${literal(to)}`
  );
  return sql`case lower(${text}) ${join(cases, " ")} else ${text} end`;
}

/** Name and version of a system, which Umami writes in one text. */
export function umamiSystem(text: Sql): { readonly os: Sql; readonly os_version: Sql } {
  const version = sql`nullif(regexp_extract(${text}, '^Windows\\s+(.+)$', 1), '')`;
  return {
    os: sql`case when starts_with(${text}, 'Windows') then 'Windows'
      when lower(${text}) = 'android os' then 'Android'
      when lower(${text}) in ('mac os', 'mac os x') then 'macOS'
      when lower(${text}) = 'chrome os' then 'Chrome OS' else ${text} end`,
    os_version: version,
  };
}
