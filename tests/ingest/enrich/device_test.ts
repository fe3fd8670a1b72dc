import assert from "node:assert/strict";
import {
  type ClientHints,
  deviceOf,
  hintsOf,
  NO_HINTS,
  platformOf,
} from "../../../src/ingest/enrich/device.ts";
import { UserAgents } from "../../../src/ingest/enrich/user_agent.ts";

const WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)";
const CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0";
const PHONE = `Mozilla/5.0 (Linux; Android 10; K) ${CHROME} Mobile Safari/537.36`;
const TABLET = `Mozilla/5.0 (Linux; Android 13; SM-X906C) ${CHROME} Safari/537.36`;
const WINDOWS = `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${CHROME} Safari/537.36`;
const LINUX = `Mozilla/5.0 (X11; Linux x86_64) ${CHROME} Safari/537.36`;
const MAC =
  `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${WEBKIT} Version/17.2 Safari/605.1.15`;
const MAC_CHROME = `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${CHROME} Safari/537.36`;
const IPAD = `Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) ${WEBKIT} Version/16.6 Mobile/15E148 ` +
  "Safari/604.1";

const agents = new UserAgents();

function device(agent: string, widthPx: number | null, hints: Partial<ClientHints> = {}) {
  const all = { ...NO_HINTS, ...hints };
  return deviceOf(agents.parse(agent, all), all, widthPx);
}

Deno.test("deviceOf() is what the user agent says, whatever the width", () => {
  for (const width of [null, 1, 390, 720, 744, 767, 768, 915, 1023, 1280, 5120]) {
    assert.equal(device(PHONE, width), "mobile", `a phone of ${width}`);
    assert.equal(device(TABLET, width), "tablet", `a tablet of ${width}`);
    assert.equal(device(IPAD, width), "tablet", `an iPad of ${width}`);
    assert.equal(device(WINDOWS, width), "desktop", `Windows of ${width}`);
    assert.equal(device(LINUX, width), "desktop", `Linux of ${width}`);
  }
});

Deno.test("deviceOf() takes a Macintosh with an iPad's screen for a tablet", () => {
  for (const width of [744, 768, 810, 820, 834, 1024, 1032, 1180, 1194]) {
    assert.equal(device(MAC, width), "tablet", `${width}`);
  }
  for (const width of [null, 390, 720, 900, 1280, 1366, 1440, 1728, 2560]) {
    assert.equal(device(MAC, width), "desktop", `${width}`);
  }
  const hints = { mobile: "?0", platform: '"macOS"' };
  assert.equal(device(MAC_CHROME, 1024, hints), "desktop", "iPads send no hints");
});

Deno.test("deviceOf() asks the width where agent and hints say nothing", () => {
  const widths: Readonly<Record<string, readonly number[]>> = {
    mobile: [0, 320, 767],
    tablet: [768, 1023],
    desktop: [1024, 5120],
  };
  for (const [expected, all] of Object.entries(widths)) {
    for (const width of all) {
      assert.equal(device("hello", width), expected, `${width}`);
      assert.equal(device("", width), expected, `${width}`);
    }
  }
  assert.equal(device("hello", null), null);
});

Deno.test("deviceOf() believes client hints", () => {
  assert.equal(device("", 1280, { mobile: "?1" }), "mobile");
  assert.equal(device(TABLET, 1280, { mobile: "?1" }), "tablet");
  assert.equal(device(WINDOWS, 1280, { mobile: "?1" }), "mobile");
  assert.equal(device("", 390, { mobile: "?0", platform: '"Windows"' }), "desktop");
  assert.equal(device("", 390, { mobile: "?0", platform: '"Android"' }), "tablet");
  assert.equal(device("", 1280, { platform: '"Android"' }), "mobile");
  assert.equal(device("", 800, { mobile: "?0" }), "tablet", "by the width");
  assert.equal(device(LINUX, 1280, { mobile: "?0", platform: '"Android"' }), "tablet");
  assert.equal(device(PHONE, 915, { mobile: "?0", platform: '"Android"' }), "mobile");
  assert.equal(device(PHONE, 390, { mobile: "?1", formFactors: '"Tablet"' }), "tablet");
  assert.equal(device(LINUX, 390, { formFactors: '"Desktop"' }), "desktop");
  assert.equal(device(PHONE, 390, { formFactors: '"EInk", "Mobile"' }), "mobile");
  assert.equal(device(PHONE, 390, { formFactors: '"Unheard of"' }), "mobile");
});

Deno.test("hintsOf() reads the headers, platformOf() the names of the data", () => {
  const headers = new Headers({
    "Sec-CH-UA": '"Brave";v="120"',
    "Sec-CH-UA-Mobile": "?0",
    "Sec-CH-UA-Platform": '"Chromium OS"',
    "Sec-CH-UA-Form-Factors": '"Desktop"',
  });
  const hints = hintsOf(headers);
  assert.deepEqual(hints, {
    brands: '"Brave";v="120"',
    mobile: "?0",
    platform: '"Chromium OS"',
    formFactors: '"Desktop"',
  });
  assert.equal(platformOf(hints), "Chrome OS");
  assert.deepEqual(hintsOf(new Headers()), NO_HINTS);
  assert.equal(platformOf({ ...NO_HINTS, platform: '"<b>"' }), null);
});
