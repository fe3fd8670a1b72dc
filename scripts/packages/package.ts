// What the npm packages have in common: their package.json and how they are written.
import manifest from "../../deno.json" with { type: "json" };

/** Texts by the names of their files. */
export type PackageFiles = Readonly<Record<string, string>>;

/** package.json of a package whose module is index.js, at the version of the server. */
export function packageJson(name: string, description: string): string {
  const content = {
    name,
    version: manifest.version,
    description,
    license: manifest.license,
    type: "module",
    main: "./index.js",
    types: "./index.d.ts",
    exports: { ".": { types: "./index.d.ts", default: "./index.js" } },
    files: ["index.js", "index.d.ts"],
    sideEffects: false,
  };
  return JSON.stringify(content, null, 2) + "\n";
}

/** Writes a package into a folder. */
export async function writePackage(folder: string, files: PackageFiles): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
}
