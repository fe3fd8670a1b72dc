import assert from "node:assert/strict";
import { type ContactSettings, wellKnownRoutes } from "../../../src/api/pages/well_known.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { AppError } from "../../../src/core/errors.ts";
import type { Context } from "../../../src/http/route.ts";
import { fakeSystem } from "../../support/fake_system.ts";

/** The text of security.txt with these settings, asked for under another host's name. */
async function security(settings: Partial<ContactSettings>): Promise<string> {
  const all = { security_contact: null, dashboard_origin: null, base_path: "", ...settings };
  const [route] = wellKnownRoutes(fakeSystem().clock, all)
    .filter(({ path }) => path === "/.well-known/security.txt");
  assert.ok(route);
  const request = new Request("http://evil.example/.well-known/security.txt");
  const response = await route.handle({ request, url: new URL(request.url) } as Context);
  const text = await response.text();
  assert.ok(!text.includes("evil"));
  return text;
}

Deno.test("security.txt names the contact that is set, and nothing of the request", async () => {
  const security_contact = "mailto:security@example.com";
  const origin = { dashboard_origin: "https://stats.example.com" };
  const expires = "Expires: 2025-01-14T12:00:00.000Z\n";
  assert.equal(await security({ security_contact }), `Contact: ${security_contact}\n${expires}`);
  assert.match(await security({ security_contact, ...origin }), /^Contact: mailto:/);
  assert.equal(
    await security(origin),
    `Contact: https://stats.example.com/privacy\n${expires}`,
  );
  assert.match(
    await security({ ...origin, base_path: "/stats" }),
    /^Contact: https:\/\/stats\.example\.com\/stats\/privacy\n/,
  );
});

Deno.test("security.txt is 404 without a contact", async () => {
  for (const dashboard_origin of [null, "http://stats.example.com"]) {
    await assert.rejects(
      security({ dashboard_origin }),
      (error) => error instanceof AppError && error.status === 404,
    );
  }
});

Deno.test("security_contact takes URIs and e-mail addresses, and no line breaks", () => {
  const read = (text: string) => {
    const loaded = loadConfig({ file: null, env: { MALLARD_SECURITY_CONTACT: text } });
    return "config" in loaded ? loaded.config.security_contact : null;
  };
  assert.equal(read("a@example.com"), "mailto:a@example.com");
  for (
    const uri of ["mailto:a@example.com", "https://example.com/security", "tel:+1-201-555-0123"]
  ) {
    assert.equal(read(uri), uri);
  }
  for (const wrong of ["http://example.com/", "example.com", "https://a\nExpires: 1", "ftp://a/"]) {
    assert.equal(read(wrong), null, wrong);
  }
});
