// The banner of a lost server, over what is known and over nothing, in Chromium.
import assert from "node:assert/strict";
import {
  dashboardTest,
  OTHER_SITE,
  settled,
  SITE,
  withServer,
} from "../../../support/browser/dashboard.ts";

const KNOWN = "Can't reach the server. Showing the last known numbers.";
const NONE = "Can't reach the server. Retrying…";

dashboardTest(
  "Frame: without a server the banner speaks of known numbers only where there are some",
  ({ open }) =>
    withServer(3, async (server) => {
      const { url } = server;
      const { page } = await open(`${url}/?site=${SITE}`);
      await settled(page);
      await server.kill();
      const said = async (text: string) => {
        await page.locator(".banner").getByText(text, { exact: true }).filter({ visible: true })
          .waitFor();
        assert.equal(
          await page.locator(".banner span").filter({ visible: true }).innerText(),
          text,
        );
      };
      await said(KNOWN);
      const choose = async (site: string) => {
        await page.keyboard.press("0");
        await page.locator(".site-list, .dropdown").getByText(site, { exact: true }).last().click();
        await page.waitForFunction((wanted) => location.search.includes(wanted), site);
      };
      await choose(OTHER_SITE);
      await said(NONE);
      await choose(SITE);
      await said(KNOWN);
      await page.keyboard.press("b");
      await page.locator("main .later").waitFor();
      await said(NONE);
      await page.goBack();
      await said(KNOWN);
    }),
);
