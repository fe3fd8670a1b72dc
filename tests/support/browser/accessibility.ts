// Checks an open page against the rules of accessibility. Sole importer of axe-core.
import axe from "axe-core";
import type { Page } from "./browser.ts";

const COLOUR = "color-contrast";
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Sets of rules, as the checker takes them. */
const RULES = {
  "all": { runOnly: TAGS },
  "all but colour": { runOnly: TAGS, rules: { [COLOUR]: { enabled: false } } },
  "colour": { runOnly: [COLOUR] },
  "size": { runOnly: ["target-size", "scrollable-region-focusable"] },
};

/** Which rules are checked. */
export type Rules = keyof typeof RULES;

/** The rules of accessibility that a page breaks, each with the first place. */
export async function faultsFound(
  page: Page,
  rules: Rules = "all",
  within = "html",
): Promise<string[]> {
  if (!await page.evaluate(() => Reflect.has(globalThis, "axe"))) await addChecker(page);
  return await page.evaluate(async ([options, within]) => {
    const checker = Reflect.get(globalThis, "axe") as typeof axe;
    const { violations } = await checker.run(within === "html" ? document : within, {
      ...options,
      resultTypes: ["violations"],
    });
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 120)}`);
  }, [RULES[rules], within] as const);
}

/** The policy of the page lets no script in: the checker comes through the debugger. */
async function addChecker(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send("Page.setBypassCSP", { enabled: true });
  await page.evaluate(axe.source);
  await session.detach();
}
