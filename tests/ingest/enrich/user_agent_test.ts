import assert from "node:assert/strict";
import { type ClientHints, NO_HINTS } from "../../../src/ingest/enrich/device.ts";
import { UserAgents } from "../../../src/ingest/enrich/user_agent.ts";

/** Real user agents, and what they say: browser, version, system, version, device. */
const CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0";
const WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)";
const IPHONE = `Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) ${WEBKIT}`;
const WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)";

const TABLE: Record<string, string> = {
  // Chrome
  [`${WINDOWS} ${CHROME} Safari/537.36`]: "Chrome|120.0.0.0|Windows|10|desktop",
  [`Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${CHROME} Safari/537.36`]:
    "Chrome|120.0.0.0|macOS|10.15.7|desktop",
  [`Mozilla/5.0 (X11; Linux x86_64) ${CHROME} Safari/537.36`]: "Chrome|120.0.0.0|Linux||desktop",
  [`Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${CHROME} Safari/537.36`]:
    "Chrome|120.0.0.0|Chrome OS|14541.0.0|desktop",
  [`Mozilla/5.0 (Linux; Android 10; K) ${CHROME} Mobile Safari/537.36`]:
    "Chrome|120.0.0.0|Android|10|mobile",
  [`Mozilla/5.0 (Linux; Android 10; K) ${CHROME} Safari/537.36`]:
    "Chrome|120.0.0.0|Android|10|tablet",
  [`Mozilla/5.0 (Linux; Android 13; SM-X906C) ${CHROME} Safari/537.36`]:
    "Chrome|120.0.0.0|Android|13|tablet",
  [`${IPHONE} CriOS/120.0.6099.119 Mobile/15E148 Safari/604.1`]:
    "Chrome|120.0.6099.119|iOS|17.2|mobile",
  [
    "Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UD1A.231105.004; wv) AppleWebKit/537.36 " +
    "(KHTML, like Gecko) Version/4.0 Chrome/120.0.6099.43 Mobile Safari/537.36"
  ]: "Chrome|120.0.6099.43|Android|14|mobile",
  [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) " +
    "HeadlessChrome/120.0.0.0 Safari/537.36"
  ]: "Chrome|120.0.0.0|Linux||desktop",
  [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Ubuntu " +
    "Chromium/80.0.3987.87 Chrome/80.0.3987.87 Safari/537.36"
  ]: "Chrome|80.0.3987.87|Linux||desktop",
  [
    "Mozilla/5.0 (X11; Debian; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) " +
    "Chrome/103.0.0.0 Safari/537.36"
  ]: "Chrome|103.0.0.0|Linux||desktop",
  // Firefox
  [`${WINDOWS.slice(0, -1)}; rv:121.0) Gecko/20100101 Firefox/121.0`]:
    "Firefox|121.0|Windows|10|desktop",
  "Mozilla/5.0 (Windows NT 5.1; rv:52.0) Gecko/20100101 Firefox/52.0":
    "Firefox|52.0|Windows|XP|desktop",
  "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0":
    "Firefox|121.0|Linux||desktop",
  "Mozilla/5.0 (X11; Fedora; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0":
    "Firefox|120.0|Linux||desktop",
  "Mozilla/5.0 (Android 14; Mobile; rv:121.0) Gecko/121.0 Firefox/121.0":
    "Firefox|121.0|Android|14|mobile",
  "Mozilla/5.0 (Android 13; Tablet; rv:109.0) Gecko/118.0 Firefox/118.0":
    "Firefox|118.0|Android|13|tablet",
  [`${IPHONE} FxiOS/121.0 Mobile/15E148 Safari/605.1.15`]: "Firefox|121.0|iOS|17.2|mobile",
  [
    "Mozilla/5.0 (Linux; Android 7.0) AppleWebKit/537.36 (KHTML, like Gecko) Focus/8.0.15 " +
    "Chrome/86.0.4240.99 Mobile Safari/537.36"
  ]: "Firefox|8.0.15|Android|7.0|mobile",
  // Safari
  [`Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${WEBKIT} Version/17.2 Safari/605.1.15`]:
    "Safari|17.2|macOS|10.15.7|desktop",
  [`${IPHONE} Version/17.2 Mobile/15E148 Safari/604.1`]: "Safari|17.2|iOS|17.2|mobile",
  [
    `Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) ${WEBKIT} Version/16.6 Mobile/15E148 ` +
    "Safari/604.1"
  ]: "Safari|16.6|iOS|16.6|tablet",
  // Edge
  [`${WINDOWS} ${CHROME} Safari/537.36 Edg/120.0.2210.91`]: "Edge|120.0.2210.91|Windows|10|desktop",
  [
    `${WINDOWS} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/64.0.3282.140 Safari/537.36 ` +
    "Edge/18.17763"
  ]: "Edge|18.17763|Windows|10|desktop",
  [`Mozilla/5.0 (Linux; Android 10; HD1913) ${CHROME} Mobile Safari/537.36 EdgA/120.0.2210.126`]:
    "Edge|120.0.2210.126|Android|10|mobile",
  [`${IPHONE} EdgiOS/120.0.2210.116 Version/17.0 Mobile/15E148 Safari/604.1`]:
    "Edge|120.0.2210.116|iOS|17.2|mobile",
  // Opera
  [`${WINDOWS} ${CHROME} Safari/537.36 OPR/105.0.0.0`]: "Opera|105.0.0.0|Windows|10|desktop",
  [`${WINDOWS} ${CHROME} Safari/537.36 OPR/105.0.0.0 (Edition GX-CN)`]:
    "Opera|105.0.0.0|Windows|10|desktop",
  [`${IPHONE} OPX/2.4.6 Mobile/15E148`]: "Opera|2.4.6|iOS|17.2|mobile",
  [`${IPHONE} OPT/4.3.1 Mobile/15E148`]: "Opera|4.3.1|iOS|17.2|mobile",
  ["Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; id) Presto/2.12.423 Version/12.16"]:
    "Opera|36.2.2254|Android||mobile",
  [
    "Opera/9.80 (Android 2.3.3; Linux; Opera Mobi/ADR-1111101157; U; es-ES) Presto/2.9.201 " +
    "Version/11.50"
  ]: "Opera|11.50|Android|2.3.3|mobile",
  // The others that have a name in the data
  [`${WINDOWS} ${CHROME} Safari/537.36 Vivaldi/6.5.3206.48`]:
    "Vivaldi|6.5.3206.48|Windows|10|desktop",
  [
    `${WINDOWS} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/75.0.3770.142 Brave/0.68.131 ` +
    "Safari/537.36"
  ]: "Brave|0.68.131|Windows|10|desktop",
  [`${WINDOWS} AppleWebKit/537.36 (KHTML, like Gecko) Brave Chrome/120.0.0.0 Safari/537.36`]:
    "Brave|120.0.0.0|Windows|10|desktop",
  [
    "Mozilla/5.0 (Linux; Android 13; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) " +
    "SamsungBrowser/23.0 Chrome/115.0.0.0 Mobile Safari/537.36"
  ]: "Samsung Internet|23.0|Android|13|mobile",
  [
    "Mozilla/5.0 (Linux; U; Android 8.1.0; en-US; Redmi 6A Build/O11019) AppleWebKit/537.36 " +
    "(KHTML, like Gecko) Version/4.0 Chrome/57.0.2987.108 UCBrowser/12.13.5.1209 Mobile " +
    "Safari/537.36"
  ]: "UC Browser|12.13.5.1209|Android|8.1.0|mobile",
  // Beyond them
  "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko":
    "Internet Explorer|11.0|Windows|7|desktop",
  [`${WINDOWS} ${CHROME} YaBrowser/23.11.0 Safari/537.36`]:
    "Yandex Browser|23.11.0|Windows|10|desktop",
  [`${IPHONE} Mobile/21C66 [FBAN/FBIOS;FBAV/443.0.0.25.109;FBBV/543022013;FBDV/iPhone14,5]`]:
    "Facebook|443.0.0.25.109|iOS|17.2|mobile",
  [`${IPHONE} Mobile/21B101 Instagram 312.1.1.29.112 (iPhone13,2; iOS 17_2; en_US)`]:
    "Instagram|312.1.1.29.112|iOS|17.2|mobile",
  "Mozilla/5.0 (X11; FreeBSD amd64; rv:120.0) Gecko/20100101 Firefox/120.0":
    "Firefox|120.0|FreeBSD||desktop",
  [
    "Mozilla/5.0 (PlayStation; PlayStation 5/4.03) AppleWebKit/605.1.15 (KHTML, like Gecko) " +
    "Version/15.4 Safari/605.1.15"
  ]: "Safari|15.4|PlayStation|5|desktop",
  [`Mozilla/5.0 (Web0S; Linux/SmartTV) ${CHROME} Safari/537.36 WebAppManager`]:
    "Chrome|120.0.0.0|webOS||desktop",
  "Mozilla/5.0 (Mobile; LYF/F90M/LYF_F90M; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5":
    "Firefox|48.0|KaiOS|2.5|mobile",
  // An app that does not name itself shows pages in the engine of the system.
  [`${IPHONE} Mobile/15E148`]: "Safari||iOS|17.2|mobile",
  [`Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${WEBKIT}`]: "Safari||macOS|10.15.7|desktop",
  // Nothing that is known
  "hello": "||||",
  "": "||||",
};

function told(agents: UserAgents, text: string, hints: Partial<ClientHints> = {}): string {
  const agent = agents.parse(text, { ...NO_HINTS, ...hints });
  return [agent.browser, agent.browser_version, agent.os, agent.os_version, agent.device_type]
    .map((value) => value ?? "").join("|");
}

Deno.test("parse() reads real user agents under the names of the data", () => {
  const agents = new UserAgents();
  for (const [text, expected] of Object.entries(TABLE)) {
    assert.equal(told(agents, text), expected, text);
    assert.equal(told(agents, text), expected, `again: ${text}`);
  }
});

Deno.test("parse() normalises the case of names", () => {
  const agents = new UserAgents();
  assert.equal(agents.parse(`${WINDOWS} VIVALDI/6.5`).browser, "Vivaldi");
  assert.equal(agents.parse("Mozilla/5.0 (X11; LINUX x86_64) FIREFOX/121.0").os, "Linux");
  assert.equal(agents.parse("Mozilla/5.0 (X11; LINUX x86_64) FIREFOX/121.0").browser, "Firefox");
});

const branded = (brands: string): ClientHints => ({ ...NO_HINTS, brands });

Deno.test("parse() takes the system from the platform where the agent hides it", () => {
  const agents = new UserAgents();
  const platform = '"Android"';
  const linux = `Mozilla/5.0 (X11; Linux x86_64) ${CHROME} Safari/537.36`;
  assert.equal(told(agents, linux, { platform }), "Chrome|120.0.0.0|Android||desktop");
  assert.equal(told(agents, linux, { platform: '"Linux"' }), "Chrome|120.0.0.0|Linux||desktop");
  assert.equal(told(agents, "", { platform: '"Windows"' }), "||Windows||");
  assert.equal(told(agents, "", { platform: '"toString"' }), "||||");
  const windows = `${WINDOWS} ${CHROME} Safari/537.36`;
  assert.equal(told(agents, windows, { platform }), "Chrome|120.0.0.0|Windows|10|desktop");
});

Deno.test("parse() distinguishes Brave from Chrome by its brand, of known brands only", () => {
  const agents = new UserAgents();
  const chrome = `${WINDOWS} ${CHROME} Safari/537.36`;
  const brands = '"Brave";v="120", "Chromium";v="120", "Not_A Brand";v="8"';
  assert.equal(told(agents, chrome, { brands }), "Brave|120.0.0.0|Windows|10|desktop");
  assert.equal(told(agents, chrome), "Chrome|120.0.0.0|Windows|10|desktop");
  assert.equal(agents.parse(chrome, branded('"Google Chrome";v="120"')).browser, "Chrome");
  assert.equal(agents.parse(chrome, branded('"My Own <b>";v="1"')).browser, "Chrome");
  const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0";
  assert.equal(agents.parse(firefox, branded(brands)).browser, "Firefox");
});

Deno.test("parse() remembers a bounded number of answers, and no long text", () => {
  const agents = new UserAgents({ remembered: 10 });
  for (let count = 0; count < 100; count++) {
    assert.equal(agents.parse(`${WINDOWS} Firefox/${count}.0`).browser_version, `${count}.0`);
  }
  assert.equal(agents.size, 10);
  const before = agents.size;
  const long = `${WINDOWS} Firefox/121.0 ${"x".repeat(60_000)}`;
  assert.equal(agents.parse(long).browser, "Firefox");
  assert.equal(agents.size, before);
  assert.equal(agents.parse("Firefox/1.5").browser_version, "1.5");
});

Deno.test("parse() bounds names and versions whatever is sent", () => {
  const agents = new UserAgents();
  const hostile = [
    `Firefox/${"1.".repeat(2000)}`,
    `Mozilla/5.0 (Linux; Android ${"9".repeat(400)})`,
    `(windows phone ${"x ".repeat(2000)}`,
    ...["android ", "droid.+; a ", "hbbtv/1.1.1 (a;", "trident rv:1 ", "samsung-", "(", "a"]
      .map((part) => part.repeat(5000)),
    "\u0000\uffff\ud800 Firefox/1",
  ];
  for (const text of hostile) {
    const agent = agents.parse(text);
    assert.ok((agent.browser?.length ?? 0) <= 64 && (agent.os?.length ?? 0) <= 64);
    assert.ok((agent.browser_version?.length ?? 0) <= 32 && (agent.os_version?.length ?? 0) <= 32);
  }
});
