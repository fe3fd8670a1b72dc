// Visits in short and the channel each belongs to, for the tests of both forms of the rules.
import type { ChannelFacts } from "../../../src/reference/channels.ts";

/** A visit of which nothing is known. */
export const NOTHING: ChannelFacts = {
  referrer_source: null,
  utm_source: null,
  source_tag: null,
  utm_medium: null,
  utm_campaign: null,
  click_id: null,
};

/** Facts in short: `source / utm_source / medium / campaign / click / tag`; `-` for none. */
export function facts(short: string): ChannelFacts {
  const [referrer_source, utm_source, utm_medium, utm_campaign, click_id, source_tag] = short
    .split(" / ").map((part) => part === "-" ? null : part);
  return {
    referrer_source: referrer_source ?? null,
    utm_source: utm_source ?? null,
    source_tag: source_tag ?? null,
    utm_medium: utm_medium ?? null,
    utm_campaign: utm_campaign ?? null,
    click_id: click_id ?? null,
  };
}

export const TABLE: readonly (readonly [short: string, channel: string])[] = [
  ["-", "Direct"],
  ["Google", "Organic Search"],
  ["DuckDuckGo", "Organic Search"],
  ["Twitter", "Organic Social"],
  ["Hacker News", "Organic Social"],
  ["YouTube", "Organic Video"],
  ["Amazon", "Organic Shopping"],
  ["Gmail", "Email"],
  ["ChatGPT", "AI Assistants"],
  ["chatgpt.com", "AI Assistants"],
  ["Wikipedia", "Referral"],
  ["blog.example.net", "Referral"],
  ["www.blog.example.net", "Referral"],
  // Tagged
  ["- / google / cpc", "Paid Search"],
  ["- / Google / PPC", "Paid Search"],
  ["- / facebook / cpc", "Paid Social"],
  ["- / fb / paid", "Paid Social"],
  ["- / ig / paid_social", "Paid Social"],
  ["- / youtube / cpc", "Paid Video"],
  ["- / amazon / cpc", "Paid Shopping"],
  ["- / google / cpc / summer shopping", "Paid Shopping"],
  ["- / google / cpc / cross-network", "Cross-network"],
  ["- / somebody / cpc", "Paid Other"],
  ["- / somebody / paidsearch", "Paid Search"],
  ["- / somebody / cpm", "Display"],
  ["- / facebook / cpm", "Paid Social"],
  ["- / google / display", "Display"],
  ["- / adnet / banner", "Display"],
  ["- / partner / affiliate", "Affiliates"],
  ["- / newsletter / email", "Email"],
  ["- / newsletter", "Email"],
  ["- / spring / newsletter", "Email"],
  ["- / mailchimp / email / june", "Email"],
  ["- / somewhere / social", "Organic Social"],
  ["- / somewhere / organic", "Organic Search"],
  ["- / facebook / organic", "Organic Social"],
  ["- / chatgpt.com", "AI Assistants"],
  ["- / perplexity / referral", "AI Assistants"],
  ["- / somewhere / podcast", "Audio"],
  ["- / somewhere / sms", "SMS"],
  ["- / somewhere / push", "Push"],
  ["- / somewhere / referral", "Referral"],
  ["- / somewhere / whatever", "Referral"],
  ["- / - / whatever", "Referral"],
  ["- / - / - / june", "Referral"],
  ["- / www.google.com", "Organic Search"],
  // What is tagged goes before the referrer, where it is known
  ["Google / facebook / cpc", "Paid Social"],
  ["Facebook / spring / -", "Organic Social"],
  ["Google / spring / cpc", "Paid Search"],
  ["blog.example.net / - / cpc", "Paid Other"],
  // What source or ref name
  ["- / - / - / - / - / perplexity", "AI Assistants"],
  ["- / - / - / - / - / www.producthunt.com", "Organic Social"],
  ["- / - / - / - / - / old.reddit.com", "Organic Social"],
  ["- / - / - / - / - / somebody", "Referral"],
  ["- / google / - / - / - / facebook", "Organic Search"],
  ["- / m.facebook.com / cpc", "Paid Social"],
  ["Google / - / - / - / - / somebody", "Organic Search"],
  // Click ids
  ["- / - / - / - / gclid", "Paid Search"],
  ["Google / - / - / - / gclid", "Paid Search"],
  ["YouTube / - / - / - / gclid", "Paid Video"],
  ["Bing / - / - / - / msclkid", "Paid Search"],
  ["Facebook / - / - / - / fbclid", "Organic Social"],
  ["- / - / - / - / fbclid", "Organic Social"],
  ["- / facebook / cpc / - / fbclid", "Paid Social"],
  ["- / - / - / - / ttclid", "Paid Social"],
  ["- / - / - / - / dclid", "Display"],
  ["- / - / - / - / awc", "Affiliates"],
  ["- / - / - / - / mc_eid", "Email"],
  ["- / google / organic / - / gclid", "Organic Search"],
  ["- / - / - / - / unheard_of", "Direct"],
];
