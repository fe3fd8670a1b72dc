// Commands in the documents: each `mallard …` of a block is a command with its options, each
// `deno task …` is a task that exists, and each link leads to a file.
import assert from "node:assert/strict";
import manifest from "../../deno.json" with { type: "json" };
import { ROOT } from "../../scripts/lib.ts";
import { parseArguments } from "../../src/cli/arguments.ts";

const DOCUMENTS = [
  "README.md",
  "SECURITY.md",
  ...[...Deno.readDirSync(`${ROOT}docs`)].map(({ name }) => `docs/${name}`)
    .filter((path) => path.endsWith(".md")),
];

/** Lines of the shell in a document, without what follows `#` or a pipe. */
function shellLines(text: string): string[] {
  return [...text.matchAll(/^ *```sh\n([^]*?)^ *```/gm)].flatMap(([, block = ""]) =>
    block.replaceAll("\\\n", " ").split("\n").map((line) => line.replace(/\s[#|>].*$/, "").trim())
  );
}

Deno.test("commands and tasks in the documents exist, with their options", async () => {
  let commands = 0;
  for (const path of DOCUMENTS) {
    for (const line of shellLines(await Deno.readTextFile(ROOT + path))) {
      const [, task] = /\bdeno(?:@\S+)? task ([\w:]+)/.exec(line) ?? [];
      if (task !== undefined) assert.ok(Object.hasOwn(manifest.tasks, task), `${path}: ${line}`);
      const [, words] = /(?:^|\s)mallard (.*)$/.exec(line) ?? [];
      if (words === undefined || /^(sudo )?(adduser|install|cp|ls|docker compose)/.test(line)) {
        continue;
      }
      const args = words.replace(/^mallard /, "").match(/"[^"]*"|\S+/g) ?? [];
      const read = parseArguments(args.map((word) => word.replaceAll('"', "")));
      assert.ok(!("fault" in read), `${path}: ${line}: ${"fault" in read ? read.fault : ""}`);
      commands++;
    }
  }
  assert.ok(commands > 10, `${commands} commands`);
});

/** The anchors of a document: its headings as GitHub names them. */
async function anchorsOf(path: string): Promise<Set<string>> {
  const text = await Deno.readTextFile(path).catch(() => "");
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
  return new Set(
    headings.map((heading) =>
      heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-")
    ),
  );
}

Deno.test("links between documents lead somewhere, to a heading that is there", async () => {
  for (const path of DOCUMENTS) {
    const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/") + 1) : "";
    const text = await Deno.readTextFile(ROOT + path);
    for (const [, to = "", anchor] of text.matchAll(/\]\(([^)#\s]*)(?:#([^)\s]+))?\)/g)) {
      if (/^[a-z]+:/.test(to)) continue;
      const target = to === "" ? ROOT + path : ROOT + folder + to;
      assert.ok(await Deno.stat(target).catch(() => null), `${path}: ${to}`);
      if (anchor === undefined) continue;
      assert.ok((await anchorsOf(target)).has(anchor), `${path}: ${to}#${anchor}`);
    }
  }
});

Deno.test("every page of the documents is reached from docs/start.md", async () => {
  const start = await Deno.readTextFile(`${ROOT}docs/start.md`);
  for (const path of DOCUMENTS) {
    if (!path.startsWith("docs/") || path === "docs/start.md") continue;
    assert.ok(start.includes(`(${path.slice("docs/".length)}`), `${path} is not in docs/start.md`);
  }
});
