// The npm package mallard-tracker: the server's script inside a module.
import { trackerText } from "../../src/api/pages/tracker_text.ts";
import { ROOT } from "../lib.ts";
import { type PackageFiles, packageJson } from "./package.ts";

const PLACE = "  // The script goes here.\n  void self;\n";

/** The files of the package by their names. */
export async function trackerPackage(): Promise<PackageFiles> {
  const read = (path: string) => Deno.readTextFile(`${ROOT}${path}`);
  const module = await read("packages/tracker/index.js");
  const script = trackerText(await read("dashboard/script.js"));
  if (!module.includes(PLACE)) {
    throw new Error("Cannot make mallard-tracker: no place for the script");
  }
  return {
    "package.json": packageJson("mallard-tracker", "Counts pageviews and events on your server"),
    "index.js": module.replace(PLACE, () => `${script}\n`),
    "index.d.ts": await read("packages/tracker/index.d.ts"),
    "README.md": await read("packages/tracker/README.md"),
    "LICENSE": await read("LICENSE"),
  };
}
