import { strictEqual as equal, throws } from "node:assert";
import { mayReadSite, requireRight, requireSite } from "../../src/auth/rights.ts";
import type { Access, Right } from "../../src/core/access.ts";

function access(who: Access["who"], ...rights: Right[]): Access {
  return { who, rights: new Set(rights), sites: null };
}

Deno.test("requireRight() throws unauthorized if a login would help, else forbidden", () => {
  requireRight(access("key", "public", "ingest", "read"), "read");
  throws(() => requireRight(access("key", "public", "ingest", "read"), "admin"), {
    code: "forbidden",
    message: /change anything/,
  });
  const unauthorized = { code: "unauthorized", headers: { "www-authenticate": "Bearer" } };
  throws(() => requireRight(access("nobody", "public", "ingest"), "read"), unauthorized);
  throws(() => requireRight(access("nobody", "public", "ingest", "read"), "admin"), unauthorized);
  // Who reads public sites does not read all: there is a password.
  const stranger = { ...access("nobody", "public", "ingest", "read"), sites: ["a.example"] };
  throws(() => requireRight(stranger, "admin"), {
    ...unauthorized,
    message: /a login or an API key/,
  });
});

Deno.test("requireRight() says what to do while no password is set", () => {
  let message = "";
  try {
    requireRight(access("nobody", "public", "ingest", "read"), "admin");
  } catch (error) {
    message = String(error);
  }
  equal(message.includes("without a password"), true);
});

Deno.test("requireSite() lets a caller read its sites, and single visits only with a login", () => {
  const all = { who: "key", sites: null } as const;
  equal(requireSite(all, "a.example", "visits"), "a.example");
  const some = { who: "nobody", sites: ["a.example"] } as const;
  equal(requireSite(some, "a.example"), "a.example");
  equal(mayReadSite(some, "b.example"), false);
  throws(() => requireSite(some, "b.example"), { code: "unauthorized", message: /this site/ });
  throws(() => requireSite(some, "b.example", "visits"), { message: /this site/ });
  throws(() => requireSite(some, "a.example", "visits"), {
    code: "unauthorized",
    message: /single visits/,
  });
  throws(() => requireSite({ ...some, who: "key" }, "b.example"), { code: "forbidden" });
});
