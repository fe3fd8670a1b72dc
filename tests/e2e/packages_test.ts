// The npm packages as their users have them: mallard-tracker in a browser, imported by a page, and
// where there is no browser; mallard-client against the running server.
import assert from "node:assert/strict";
import { clientPackage, typeOf } from "../../scripts/packages/client.ts";
import { writePackage } from "../../scripts/packages/package.ts";
import { trackerPackage } from "../../scripts/packages/tracker.ts";
import { browserTest } from "../support/browser/browser.ts";
import { startReady } from "../support/server/ready_server.ts";
import { withFolder } from "../support/storage/storage.ts";
import { until } from "../support/wait.ts";

type Sent = Readonly<Record<string, unknown>>;

const PAGE = `<!doctype html><title>a page</title><script type="module">
import { init, track, trackPageview } from "/tracker.js";
const early = track("early", { props: { a: 1 } });
init({ domain: "example.com", endpoint: location.origin + "/base", local: true });
init({ domain: "other.example", endpoint: location.origin });
history.pushState({}, "", "/second");
const late = await track("late", { revenue: 5, currency: "EUR" });
await trackPageview({ url: "https://example.com/by/hand" });
document.title = [(await early).status, late.status, typeof globalThis.mallard].join(" ");
</script>`;

/** Serves a page that imports the tracker, and keeps what it sends. */
function startSite(module: string) {
  const sent: (Sent & { path: string })[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const path = new URL(request.url).pathname;
    if (request.method === "POST") {
      sent.push({ ...await request.json(), path });
      return new Response(null, { status: 202 });
    }
    const [text, type] = path === "/tracker.js" ? [module, "text/javascript"] : [PAGE, "text/html"];
    return new Response(text, { headers: { "content-type": type } });
  });
  return { sent, url: `http://127.0.0.1:${server.addr.port}/`, close: () => server.shutdown() };
}

browserTest("mallard-tracker counts pages and events from a bundle", async (context) => {
  const site = startSite((await trackerPackage())["index.js"] ?? "");
  try {
    const page = await context.newPage();
    await page.goto(site.url);
    await page.waitForFunction(() => document.title !== "a page");
    assert.equal(await page.title(), "202 202 undefined");
    await until(() => site.sent.length >= 5, "five events");
    const seen = site.sent.map(({ n, d, path, u }) => [n, d, path, new URL(String(u)).pathname]);
    assert.deepEqual(
      seen.sort(),
      [
        ["early", "example.com", "/base/api/event", "/"],
        ["late", "example.com", "/base/api/event", "/second"],
        ["pageview", "example.com", "/base/api/event", "/"],
        ["pageview", "example.com", "/base/api/event", "/by/hand"],
        ["pageview", "example.com", "/base/api/event", "/second"],
      ].sort(),
    );
  } finally {
    await site.close();
  }
});

Deno.test("mallard-tracker sends nothing where there is no document", async () => {
  await withFolder(async (folder) => {
    await writePackage(folder, await trackerPackage());
    const { init, track } = await import(`file://${folder}/index.js`);
    init({ domain: "example.com", endpoint: "https://stats.example.com" });
    assert.match(String((await track("signup")).error), /no document/);
  });
});

Deno.test("mallard-client asks a running server, with types of its description", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/data`);
    const server = await startReady(`${folder}/data`, {});
    try {
      const description = await (await fetch(`${server.url}/api/openapi.json`)).json();
      await writePackage(folder, await clientPackage(description));
      const { createClient, MallardError } = await import(`file://${folder}/index.js`);
      const client = createClient({ url: `${server.url}/` });
      const scope = { site_id: "example.com", period: "7d" };
      assert.equal((await client.main(scope)).unique_visitors, 0);
      assert.deepEqual(await client.breakdown({ ...scope, name: "pages" }), []);
      assert.equal((await client.export(scope)).length, 7);
      assert.ok((await client.schema()).metrics.length > 10);
      await assert.rejects(client.main({ ...scope, period: "x" }), (error) => {
        assert.ok(error instanceof MallardError);
        const { status, code, field } = Object(error);
        assert.deepEqual([status, code, field], [400, "bad_request", "period"]);
        return true;
      });
      await Deno.writeTextFile(`${folder}/use.ts`, USE);
      const args = ["check", "--quiet", "--no-config", `${folder}/use.ts`];
      const checked = await new Deno.Command(Deno.execPath(), { args }).output();
      assert.equal(checked.code, 0, new TextDecoder().decode(checked.stderr));
    } finally {
      assert.equal(await server.stop(), 0);
    }
  });
});

/** How the types are used; what does not fit must not compile. */
const USE = `// @ts-types="./index.d.ts"
import { createClient } from "./index.js";
const client = createClient({ url: "http://localhost" });
export async function visitors(): Promise<number> {
  const { unique_visitors } = await client.main({ site_id: "example.com" });
  // @ts-expect-error: the site is missing
  await client.timeseries({});
  const rows = await client.query({ site_id: "example.com", metrics: "visitors" });
  return unique_visitors + rows.total;
}
`;

Deno.test("typeOf() writes a schema as a type", () => {
  const schema = {
    type: "object",
    required: ["a"],
    properties: {
      a: { type: ["integer", "null"] },
      "b-c": { type: "array", items: { enum: ["x", "y"] } },
      d: { type: "object", additionalProperties: { type: "string" } },
    },
  };
  assert.equal(
    typeOf(schema),
    '{ readonly a: number | null; readonly "b-c"?: readonly ("x" | "y")[]; ' +
      "readonly d?: Readonly<Record<string, string>> }",
  );
});
