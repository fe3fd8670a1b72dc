// The program as `deno compile` gets it: one script for the entry and one for each worker, in a
// folder laid out as the checkout. As hundreds of TypeScript files it starts more slowly, and
// Deno embeds each of them with its JavaScript and a source map.
import { build, type Plugin, stop } from "esbuild";
import { ROOT } from "../lib.ts";

const ENTRY = "src/main.ts";

/** What was written below the folder. */
export interface Bundle {
  /** The entry, a path below the folder. */
  readonly entry: string;
  /** Scripts that no import names. */
  readonly workers: readonly string[];
}

/** Bundles the entry and the workers, paths below the checkout, into `folder`. */
export async function bundleProgram(folder: string, workers: readonly string[]): Promise<Bundle> {
  try {
    for (const path of [ENTRY, ...workers]) await bundle(folder, path);
  } finally {
    await stop();
  }
  return { entry: scriptOf(ENTRY), workers: workers.map(scriptOf) };
}

async function bundle(folder: string, path: string): Promise<void> {
  const folders = path.split("/").slice(0, -1);
  await build({
    entryPoints: [ROOT + path],
    outdir: folder,
    outbase: ROOT,
    chunkNames: [...folders, "[name]-[hash]"].join("/"),
    bundle: true,
    splitting: true, // What is imported when it is needed stays apart.
    format: "esm",
    platform: "neutral",
    target: "esnext",
    packages: "external",
    external: ["node:*"],
    // Names stay, and lines are short, for the stacks of errors.
    minifySyntax: true,
    minifyWhitespace: true,
    lineLimit: 100,
    legalComments: "none",
    define: { "import.meta.url": "__file_url" },
    banner: {
      js: `const __root_url = new URL("${"../".repeat(folders.length)}", import.meta.url);`,
    },
    plugins: [OWN_URLS],
    logLevel: "error",
  });
}

/** Each file keeps its own URL, by which it finds workers and other files. */
const OWN_URLS: Plugin = {
  name: "own-urls",
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await Deno.readTextFile(path);
      if (!text.includes("import.meta.url")) return { contents: text, loader: "ts" };
      const url = `const __file_url = new URL("${path.slice(ROOT.length)}", __root_url).href;`;
      const contents = `${url} ${text.replaceAll(/_worker\.ts(?=")/g, "_worker.js")}`;
      return { contents, loader: "ts" };
    }),
};

function scriptOf(path: string): string {
  return path.replace(/\.ts$/, ".js");
}
