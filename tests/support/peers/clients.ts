// The published clients of other programs, for tests: those that run here, and files of those that
// run in a browser. Sole importer of their packages.
import { init } from "@plausible-analytics/tracker";
import { UmamiClient } from "@umami/api-client";
import { Umami } from "@umami/node";
import { Plausible } from "plausible-client";
import trackerOfPlausible from "plausible-tracker";

export { Plausible, Umami, UmamiClient };

/** Imported so that they are in the cache of packages: pages of tests load their files from it. */
export const BROWSER_CLIENTS: readonly unknown[] = [init, trackerOfPlausible];

const CONFIG = new URL("../../../deno.json", import.meta.url);

/** Reads a file of a package from the cache of packages; null where there is none. */
export async function packageFile(name: string, file: string): Promise<string | null> {
  const { imports } = JSON.parse(await Deno.readTextFile(CONFIG));
  const version = String(imports[name]).replace(/^.*@/, "");
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { npmCache } = JSON.parse(new TextDecoder().decode(stdout));
  for (const registry of Deno.readDirSync(npmCache)) {
    for (const path of [file, `${file}.js`]) {
      const text = await Deno.readTextFile(
        `${npmCache}/${registry.name}/${name}/${version}/${path}`,
      )
        .catch(() => null);
      if (text !== null) return text;
    }
  }
  return null;
}
