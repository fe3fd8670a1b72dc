// `deno task release:notes [VERSION]`: prints what CHANGELOG.md says of a version, for the page of
// its release. It fails where the version is not that of deno.json or has no section.
import manifest from "../../deno.json" with { type: "json" };
import { ROOT } from "../lib.ts";

/** The section of a version, without its heading; null where there is none or it is empty. */
export function notesOf(changelog: string, version: string): string | null {
  const lines = changelog.split("\n");
  const from = lines.findIndex((line) => line.startsWith(`## [${version}]`));
  if (from === -1) return null;
  const length = lines.slice(from + 1).findIndex((line) => line.startsWith("## "));
  const section = lines.slice(from + 1, length === -1 ? undefined : from + 1 + length);
  return section.join("\n").trim() || null;
}

if (import.meta.main) {
  const version = (Deno.args[0] ?? manifest.version).replace(/^v/, "");
  const changelog = await Deno.readTextFile(`${ROOT}CHANGELOG.md`);
  const notes = notesOf(changelog, version);
  if (version !== manifest.version || notes === null) {
    const problem = notes === null ? "CHANGELOG.md has no section for it" : "deno.json has another";
    console.error(`Cannot release ${version}: ${problem}`);
    Deno.exit(1);
  }
  console.log(notes);
}
