import assert from "node:assert";
import { checkPayload, type PayloadLabels } from "../../src/ingest/payload.ts";

const PAYLOAD_LABELS: PayloadLabels = {
  site_id: "d",
  event_name: "n",
  url: "u",
};

const CONTROLS = [0, 7, 9, 10, 13, 0x1b, 0x1f, 0x7f, 0x80, 0x85, 0x9f];

Deno.test("checkPayload() strips control characters from texts, refuses them in a site", () => {
  for (const sign of CONTROLS.map((code) => String.fromCharCode(code))) {
    const fields = {
      site_id: "example.com",
      event_name: `${sign}sign${sign}up`,
      url: `https://example.com/a${sign}b?utm_source=x${sign}y`,
      referrer: `https://other.example/${sign}c`,
      screenPixels: null,
      props: { [`k${sign}`]: `v${sign}w`, list: [sign] },
      revenueCents: null,
      revenueCurrency: null,
      isHashRouted: undefined,
      isLocal: undefined,
    };
    const checked = checkPayload(fields, PAYLOAD_LABELS);
    assert.ok("value" in checked, JSON.stringify(checked));
    assert.strictEqual(checked.value.event_name, "signup");
    assert.strictEqual(checked.value.url, "https://example.com/ab?utm_source=xy");
    assert.strictEqual(checked.value.referrer, "https://other.example/c");
    assert.strictEqual(checked.value.props, `{"k":"vw","list":[""]}`);
    for (const site of [`${sign}example.com`, `exam${sign}ple.com`, `example.com${sign}`, sign]) {
      const refused = checkPayload({ ...fields, site_id: site }, PAYLOAD_LABELS);
      assert.ok("fault" in refused, JSON.stringify(site));
      assert.strictEqual(refused.fault.code, "bad_request");
    }
    const empty = checkPayload({ ...fields, event_name: sign }, PAYLOAD_LABELS);
    assert.ok("fault" in empty && empty.fault.code === "bad_request");
  }
});

Deno.test("checkPayload() counts characters after those it strips", () => {
  const fields = {
    site_id: "example.com",
    event_name: "\u0000".repeat(300) + "x".repeat(256),
    url: "/",
    referrer: null,
    screenPixels: null,
    props: null,
    revenueCents: null,
    revenueCurrency: null,
    isHashRouted: undefined,
    isLocal: undefined,
  };
  assert.ok("value" in checkPayload(fields, PAYLOAD_LABELS));
  const longer = { ...fields, event_name: "x".repeat(257) };
  assert.ok("fault" in checkPayload(longer, PAYLOAD_LABELS));
});

Deno.test("checkPayload() cuts a long referrer where a character ends, without fragment", () => {
  const table: [referrer: string, kept: string, notices: string[]][] = [
    [`https://o.example/#${"x".repeat(3000)}`, "https://o.example/", []],
    ["x".repeat(2047) + "%E4%F6", "x".repeat(2047), ["referrer_cut"]],
    ["x".repeat(2046) + "%E4%F6", "x".repeat(2046), ["referrer_cut"]],
    ["x".repeat(2047) + "😀😀", "x".repeat(2047), ["referrer_cut"]],
    ["😀".repeat(2048), "😀".repeat(2048), []],
  ];
  for (const [referrer, kept, notices] of table) {
    const checked = checkPayload({
      site_id: "example.com",
      event_name: "x",
      url: "/",
      referrer,
      screenPixels: null,
      props: null,
      revenueCents: null,
      revenueCurrency: null,
      isHashRouted: undefined,
      isLocal: undefined,
    }, PAYLOAD_LABELS);
    assert.ok("value" in checked);
    assert.deepStrictEqual([checked.value.referrer, checked.value.notices], [kept, notices]);
  }
});
