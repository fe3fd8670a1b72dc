import { strictEqual as equal } from "node:assert";
import { requireOrigin } from "../../src/auth/origin.ts";

function passes(host: string, origin: string): boolean {
  const request = new Request("http://127.0.0.1:8000/", { headers: { host, origin } });
  try {
    requireOrigin(request, null);
    return true;
  } catch {
    return false;
  }
}

Deno.test("requireOrigin() compares host and port with Host, whatever speaks TLS in front", () => {
  equal(passes("stats.example.com", "https://stats.example.com"), true);
  equal(passes("stats.example.com:443", "https://stats.example.com"), true);
  equal(passes("STATS.example.com", "https://stats.example.com"), true);
  equal(passes("stats.example.com:8000", "http://stats.example.com:8000"), true);
  equal(passes("stats.example.com:80", "https://stats.example.com"), false);
  equal(passes("stats.example.com:8000", "http://stats.example.com"), false);
  equal(passes("stats.example.com", "http://stats.example.com:8000"), false);
  equal(passes("stats.example.com", "https://stats.example.com@evil.example"), false);
});
