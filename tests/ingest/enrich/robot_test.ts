import assert from "node:assert/strict";
import { robotOf, Robots } from "../../../src/ingest/enrich/robot.ts";
import { ROBOT_KINDS, ROBOTS } from "../../../src/reference/robots.ts";

/** User agents of robots, with their names and kinds. */
const NAMED: readonly (readonly [string, string, string])[] = [
  [
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; " +
    "+https://openai.com/gptbot)",
    "GPTBot",
    "ai_crawler",
  ],
  [
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; " +
    "+claudebot@anthropic.com)",
    "ClaudeBot",
    "ai_crawler",
  ],
  [
    "Mozilla/5.0 (Linux; Android 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Mobile " +
    "Safari/537.36 (compatible; Bytespider; spider-feedback@bytedance.com)",
    "Bytespider",
    "ai_crawler",
  ],
  ["CCBot/2.0 (https://commoncrawl.org/faq/)", "CCBot", "ai_crawler"],
  [
    "meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)",
    "Meta-ExternalAgent",
    "ai_crawler",
  ],
  [
    "Mozilla/5.0 (compatible; OAI-SearchBot/1.0; +https://openai.com/searchbot)",
    "OAI-SearchBot",
    "ai_search",
  ],
  [
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; PerplexityBot/1.0; " +
    "+https://perplexity.ai/perplexitybot)",
    "PerplexityBot",
    "ai_search",
  ],
  [
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; " +
    "+https://openai.com/bot",
    "ChatGPT-User",
    "ai_assistant",
  ],
  [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Googlebot",
    "search",
  ],
  ["Googlebot-Image/1.0", "Googlebot-Image", "search"],
  [
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; " +
    "+http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36",
    "Bingbot",
    "search",
  ],
  [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 (KHTML, like Gecko) " +
    "Version/13.1.1 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)",
    "Applebot",
    "search",
  ],
  [
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Facebook",
    "preview",
  ],
  ["WhatsApp/2.23.20.0 A", "WhatsApp", "preview"],
  ["Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", "AhrefsBot", "seo"],
  [
    "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
    "UptimeRobot",
    "monitoring",
  ],
  [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) " +
    "HeadlessChrome/120.0.0.0 Safari/537.36",
    "HeadlessChrome",
    "automation",
  ],
  ["curl/8.5.0", "curl", "tool"],
  ["python-requests/2.31.0", "Python", "tool"],
  ["Deno/2.9.6", "Deno", "tool"],
  ["node", "Node.js", "tool"],
  [
    "Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.19041.1682",
    "PowerShell",
    "tool",
  ],
];

Deno.test("robotOf() returns name and purpose of known robots", () => {
  for (const [text, name, kind] of NAMED) assert.deepEqual(robotOf(text), { name, kind }, text);
});

Deno.test("robotOf() calls every other robot by one name", () => {
  for (const text of ["SomeNewBot/1.0 (+https://example.com)", "my-script/3", "Mozilla/5.0"]) {
    assert.deepEqual(robotOf(text), { name: "Other", kind: "other" }, text);
  }
});

Deno.test("robotOf() lets browsers pass, those inside apps and odd devices, too", () => {
  const iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 " +
    "(KHTML, like Gecko)";
  const chrome = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0";
  const browsers = [
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${chrome} Safari/537.36`,
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0",
    `${iphone} Version/17.2 Mobile/15E148 Safari/604.1`,
    `${iphone} Mobile/15E148 [Pinterest/iOS]`,
    `${iphone} Mobile/15E148 LinkedInApp/9.29`,
    `${iphone} Mobile/21B101 Instagram 312.1.1.29.112 (iPhone13,2; iOS 17_2; en_US)`,
    `${iphone} Mobile/21C66 [FBAN/FBIOS;FBAV/443.0.0.25.109;FBBV/543022013;FBDV/iPhone14,5]`,
    `${iphone} Mobile/15E148 MicroMessenger/8.0.38 NetType/WIFI Language/zh_CN`,
    `${iphone} Mobile/15E148 Twitter for iPhone/10.21`,
    `${iphone} GSA/299.0.593937453 Mobile/15E148 Safari/604.1`,
    `Mozilla/5.0 (Linux; Android 11; CUBOT X30) ${chrome} Mobile Safari/537.36`,
    `Mozilla/5.0 (Linux; Android 12; SM-A525F; wv) ${chrome} Mobile Safari/537.36 ` +
    "musical_ly_2023203030 Channel/googleplay AppName/musical_ly BytedanceWebview/d8a21c6",
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${chrome} Electron/28.0 Safari/537.36`,
    `Mozilla/5.0 (Web0S; Linux/SmartTV) ${chrome} Safari/537.36 WebAppManager`,
    "Mozilla/5.0 (PlayStation; PlayStation 5/4.03) AppleWebKit/605.1.15 (KHTML, like Gecko) " +
    "Version/15.4 Safari/605.1.15",
    "Mozilla/5.0 (Mobile; LYF/F90M/LYF_F90M; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5",
    "Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; id) Presto/2.12.423 Version/12.16",
  ];
  for (const text of browsers) assert.equal(robotOf(text), null, text);
});

Deno.test("robotOf() says nothing against a missing user agent", () => {
  assert.equal(robotOf(""), null);
});

Deno.test("ROBOTS finds each of its robots by each of its texts", () => {
  for (const [kind, rows] of Object.entries(ROBOTS)) {
    assert.ok(Object.hasOwn(ROBOT_KINDS, kind));
    for (const [name, ...texts] of rows as readonly (readonly string[])[]) {
      for (const text of texts) {
        assert.equal(text, text.toLowerCase());
        const found = robotOf(`Mozilla/5.0 (compatible; ${text.toUpperCase()}1.0; +x)`);
        assert.deepEqual(found, { name, kind }, text);
      }
    }
  }
});

Deno.test("ROBOTS names at least 40 AI robots and 30 of search engines", () => {
  const ai = [ROBOTS.ai_crawler, ROBOTS.ai_search, ROBOTS.ai_assistant];
  assert.ok(ai.reduce((sum, rows) => sum + rows.length, 0) >= 40);
  assert.ok(ROBOTS.search.length >= 30);
});

Deno.test("Robots of() remembers what robotOf() says, long texts excepted", () => {
  const robots = new Robots({ remembered: 2 });
  const agents = ["curl/8.5.0", "Opera/9.80 (Android; U) Presto/2.12 Version/12.16", "node", ""];
  for (let round = 0; round < 3; round++) {
    for (const text of agents) assert.deepEqual(robots.of(text), robotOf(text), text);
  }
  const long = `Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Firefox/121.0 ${"a ".repeat(9000)}`;
  assert.equal(robots.of(`${long} GPTBot`), null);
  assert.equal(robots.of(`GPTBot/1.0 ${long}`)?.name, "GPTBot");
});
