// Every line of the tables of docs/switching.md has a check, which proves what it says on one
// running server.
import { deepStrictEqual as deepEqual } from "node:assert";
import { browserTest } from "../support/browser/browser.ts";
import { Bench, type Checks } from "../support/switching/bench.ts";
import { GOATCOUNTER } from "../support/switching/goatcounter.ts";
import { Pages } from "../support/switching/pages.ts";
import { PLAUSIBLE } from "../support/switching/plausible.ts";
import { provePrograms } from "../support/switching/programs.ts";
import { SCRIPTS } from "../support/switching/scripts.ts";
import { UMAMI } from "../support/switching/umami.ts";

const PAGE = new URL("../../docs/switching.md", import.meta.url);

/** The first cells of the tables' lines, without their heads, below a heading of the page. */
function linesBelow(page: string, heading: string): string[] {
  const [, after = ""] = page.split(`\n## ${heading}\n`);
  const [section = ""] = after.split("\n## ");
  const lines = section.split("\n").filter((line) => line.startsWith("| "));
  const isHead = (index: number) => /^\| -+/.test(lines[index + 1] ?? "");
  return lines.filter((line, index) => !/^\| -+/.test(line) && !isHead(index))
    .map((line) => /^\| ((?:\\\||[^|])*?) \|/.exec(line)?.[1] ?? line);
}

/** Checks by the heading of their section. */
const SECTIONS: Readonly<Record<string, Checks>> = {
  "From Plausible": PLAUSIBLE,
  "From Umami": UMAMI,
  "From GoatCounter": GOATCOUNTER,
};

async function prove(test: Deno.TestContext, bench: Bench, heading: string, checks: Checks) {
  const lines = linesBelow(await Deno.readTextFile(PAGE), heading)
    .filter((line) => !Object.hasOwn(SCRIPTS, line));
  deepEqual(Object.keys(checks).sort(), lines.sort(), "lines and checks");
  for (const [line, check] of Object.entries(checks)) {
    await test.step(`${heading}: ${line}`, () => check(bench));
  }
}

Deno.test("Every check of scripts has a line", async () => {
  const page = await Deno.readTextFile(PAGE);
  const lines = Object.keys(SECTIONS).flatMap((heading) => linesBelow(page, heading));
  deepEqual(Object.keys(SCRIPTS).filter((line) => !lines.includes(line)), []);
});

Deno.test("Every line of docs/switching.md is as it says", async (test) => {
  const bench = await Bench.open();
  try {
    for (const [heading, checks] of Object.entries(SECTIONS)) {
      await prove(test, bench, heading, checks);
    }
    await test.step("Programs that send for people", () => provePrograms(bench));
  } finally {
    await bench.close();
  }
});

browserTest("Every line of docs/switching.md about scripts is as it says", async (context) => {
  const bench = await Bench.open();
  try {
    const pages = await Pages.over(context, bench);
    for (const [line, check] of Object.entries(SCRIPTS)) {
      await check(bench, pages).catch((error) => {
        throw new Error(`${line}: ${error instanceof Error ? error.message : error}`, {
          cause: error,
        });
      });
    }
  } finally {
    await bench.close();
  }
});
