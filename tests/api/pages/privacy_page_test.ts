import { ok, rejects, strictEqual as equal } from "node:assert";
import { createHash } from "node:crypto";
import {
  keptAs,
  privacyPage,
  privacyRoutes,
  type PrivacySettings,
  type SitePrivacy,
} from "../../../src/api/pages/privacy_page.ts";
import { EVENT_COLUMN_NAMES } from "../../../src/core/event.ts";
import { SETTINGS_BY_DEFAULT, type SiteSettings } from "../../../src/sites/settings.ts";

const ALL: PrivacySettings = {
  retention_days: 0,
  gdpr_mode: false,
  strip_referrer_query: false,
  round_timestamps: false,
  suppress_browser_version: false,
  suppress_os_version: false,
  suppress_screen_size: false,
  suppress_visitor_id: false,
  geoip_precision: "city",
  respect_gpc: false,
  filter_bots: true,
  visitor_salt: "derived",
  rate_limit_per_address: 200,
  site_ids: [],
};

function changed(settings: Partial<PrivacySettings>): string {
  return EVENT_COLUMN_NAMES
    .filter((name) => keptAs(name, ALL) !== keptAs(name, { ...ALL, ...settings }))
    .map((name) => `${name}: ${keptAs(name, { ...ALL, ...settings })}`).join(", ");
}

Deno.test("keptAs() follows each privacy setting", () => {
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

/** What the page says, on one line. */
function page(
  settings: Partial<PrivacySettings>,
  ...sites: Partial<SitePrivacy>[]
): string {
  const all = (sites.length === 0 ? [{}] : sites)
    .map((site) => ({ ...SETTINGS_BY_DEFAULT, ...site }));
  return privacyPage({ ...ALL, ...settings }, all).replace(/\s+/g, " ");
}

function says(text: string, sentence: string): void {
  ok(text.includes(sentence), `"${sentence}" is not in ${text}`);
}

Deno.test("privacyPage() lists every stored column", () => {
  for (const name of EVENT_COLUMN_NAMES) says(page({}), `<code>${name}</code>`);
});

Deno.test("privacyPage() says how the address is used", () => {
  says(page({}), "to make the visitor value below and to find the city. For about a minute");
  says(page({ geoip_precision: "country" }), "and to find the country.");
  const least = page({ geoip_precision: "none", rate_limit_per_address: 0 });
  says(least, "to make the visitor value below. It is in memory only");
});

Deno.test("privacyPage() says how long the visitor value lasts and who can recompute it", () => {
  const days = (...lengths: (1 | 7 | 30)[]) =>
    page({}, ...lengths.map((visitor_id_days) => ({ visitor_id_days })));
  says(days(1, 1), "It changes every day (UTC)");
  says(days(7), "It changes every 7 days: a visitor can be recognised for at most 7 days.");
  says(
    days(30, 1, 7),
    "Depending on the site, it changes every day, every 7 days or every 30 days",
  );
  says(days(30, 1), "for at most 30 days");
  says(days(7), "made from a secret of the owner");
  says(page({ visitor_salt: "random" }), "is destroyed at most a day after");
  says(page({ suppress_visitor_id: true }, { visitor_id_days: 30 }), "no two events");
});

Deno.test("privacyPage() says how long events are kept", () => {
  const kept = (...retention: (number | null)[]) =>
    page({ retention_days: 30 }, ...retention.map((retention_days) => ({ retention_days })));
  says(page({}), "Events are kept until the owner removes them. The owner can");
  says(kept(null), "Every event is removed 30 days after it happened. For three more days");
  says(kept(90), "Every event is removed 90 days after it happened.");
  says(kept(0), "Events are kept until the owner removes them.");
  says(kept(null, 90), "Depending on the site, events are removed after 30 days or 90 days.");
  says(kept(null, 0), "after 30 days, or kept until the owner removes them.");
});

Deno.test("privacyPage() says whether Sec-GPC is respected and robots are recorded", () => {
  says(page({}), "(Sec-GPC) is not evaluated");
  says(page({ respect_gpc: true }), "(Sec-GPC: 1) is not recorded");
  says(page({}), "Known robots are not recorded");
  says(page({ filter_bots: false }), "Robots are recorded like anybody else.");
});

Deno.test("privacyPage() says whether user ids stand for visitors", () => {
  equal(page({}).includes("user id"), false);
  says(page({}, { user_ids: true }), "Where a page says who is signed in");
  says(page({}, { user_ids: true }, {}), "On some sites where a page says who is signed in");
});

Deno.test("privacyPage() says who sees the statistics", () => {
  says(page({}), "for the owner and for whom the owner lets in. They are sums");
  says(page({}, { public: true }), "Statistics are open to everyone.");
  says(page({}, { public: true }, {}), "Statistics of some sites are open to everyone.");
  says(page({}, { visit_list: true }), "The owner can see single visits");
  says(page({}, { visit_list: true }, {}), "For some sites the owner can see single visits");
  says(page({}, {}), "E-mail addresses in paths");
  says(page({}, {}), "are masked before they are stored");
  says(page({}, { mask_emails: false }), "are stored as they came");
  says(page({}, { mask_emails: false }, {}), "On some sites, e-mail addresses");
  says(page({}, { mask_tokens: true }), "Long tokens and ids there are masked, too");
});

function routesOver(settings: Partial<PrivacySettings>, sites: Record<string, SiteSettings>) {
  const [route] = privacyRoutes({ ...ALL, ...settings }, {
    settings: (site) => sites[site] ?? SETTINGS_BY_DEFAULT,
    declaredIds: () => Object.keys(sites),
  });
  return {
    right: route?.right,
    get: async (query = "") => {
      const url = new URL(`http://localhost/privacy${query}`);
      const response = await route?.handle({ url } as never);
      return { headers: response?.headers, text: (await response?.text()) ?? "" };
    },
  };
}

Deno.test("privacyRoutes() describe all sites, or the requested one", async () => {
  const sites = { "a.example": { ...SETTINGS_BY_DEFAULT, visitor_id_days: 7 as const } };
  const { get } = routesOver({}, sites);
  says((await get()).text, "every day or every 7 days");
  says((await get("?site_id=a.example")).text, "It changes every 7 days");
  const other = await get("?site_id=b.example");
  says(other.text, "It changes every day");
  ok(!other.text.includes("b.example"), "nothing that was sent is in the page");
  says(
    (await routesOver({ site_ids: ["a.example"] }, sites).get()).text,
    "It changes every 7 days",
  );
  await rejects(get("?site_id=%3Cb%3E"), { code: "bad_request" });
});

Deno.test("privacyRoutes() serve a page whose policy allows only its own style", async () => {
  const { right, get } = routesOver({}, {});
  equal(right, "public");
  const { headers, text } = await get();
  const styles = [...text.matchAll(/<style>([^<]*)<\/style>/g)].map((match) => match[1] ?? "");
  equal(styles.length, 1);
  const hash = createHash("sha256").update(styles[0] ?? "").digest("base64");
  const policy = headers?.get("content-security-policy") ?? "";
  ok(policy.startsWith(`default-src 'none'; style-src 'sha256-${hash}';`));
  ok(!/<script|style=|onclick|src=|href=/.test(text));
});
