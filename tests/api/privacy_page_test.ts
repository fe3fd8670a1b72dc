import { ok, strictEqual as equal } from "node:assert";
import { createHash } from "node:crypto";
import {
  keptAs,
  privacyPage,
  privacyRoutes,
  type PrivacySettings,
} from "../../src/api/privacy_page.ts";
import { EVENT_COLUMN_NAMES } from "../../src/core/event.ts";

const ALL: PrivacySettings = {
  retention_days: 0,
  strip_referrer_query: false,
  round_timestamps: false,
  suppress_browser_version: false,
  suppress_os_version: false,
  suppress_screen_size: false,
  suppress_visitor_id: false,
  geoip_precision: "city",
};

function changed(settings: Partial<PrivacySettings>): string {
  return EVENT_COLUMN_NAMES
    .filter((name) => keptAs(name, ALL) !== keptAs(name, { ...ALL, ...settings }))
    .map((name) => `${name}: ${keptAs(name, { ...ALL, ...settings })}`).join(", ");
}

Deno.test("keptAs() follows each privacy setting and changes nothing else", () => {
  equal(changed({ strip_referrer_query: true }), "referrer: without its query");
  equal(changed({ round_timestamps: true }), "timestamp: rounded down to the hour");
  equal(changed({ suppress_browser_version: true }), "browser_version: null");
  equal(changed({ suppress_os_version: true }), "os_version: null");
  equal(changed({ suppress_screen_size: true }), "device_type: null, screen_size: null");
  equal(
    changed({ suppress_visitor_id: true }),
    "visitor_id: as a random value, new for every event",
  );
  equal(changed({ geoip_precision: "region" }), "city: null");
  equal(changed({ geoip_precision: "country" }), "region: null, city: null");
  equal(changed({ geoip_precision: "none" }), "country_code: null, region: null, city: null");
});

Deno.test("privacyPage() lists every stored column and says how long it is kept", () => {
  const page = privacyPage(ALL);
  for (const name of EVENT_COLUMN_NAMES) ok(page.includes(`<code>${name}</code>`), name);
  ok(page.includes("kept until the owner removes them"));
  ok(privacyPage({ ...ALL, retention_days: 30 }).includes("removed 30 days after"));
  ok(page.includes("changes every day"));
  ok(privacyPage({ ...ALL, visitor_id_days: 7 }).includes("every 7 days"));
  ok(privacyPage({ ...ALL, visitor_salt: "random" }).includes("is destroyed"));
  ok(privacyPage({ ...ALL, respect_gpc: true }).includes("is not recorded"));
  ok(privacyPage({ ...ALL, suppress_visitor_id: true }).includes("no two events"));
});

Deno.test("privacyRoutes() serve a page whose policy allows its own style alone", async () => {
  const [route] = privacyRoutes(ALL);
  equal(route?.right, "public");
  const response = await route?.handle({} as never);
  const html = await response?.text() ?? "";
  const styles = [...html.matchAll(/<style>([^<]*)<\/style>/g)].map((match) => match[1] ?? "");
  equal(styles.length, 1);
  const hash = createHash("sha256").update(styles[0] ?? "").digest("base64");
  const policy = response?.headers.get("content-security-policy") ?? "";
  ok(policy.startsWith(`default-src 'none'; style-src 'sha256-${hash}';`));
  ok(!/<script|style=|onclick|src=|href=/.test(html));
});
