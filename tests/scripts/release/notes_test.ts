// The notes of a release are the section of its version, and a missing section is told.
import assert from "node:assert/strict";
import { notesOf } from "../../../scripts/release/notes.ts";

const CHANGELOG =
  "# Changelog\n\n## [Unreleased]\n\n- next\n\n## [1.2.0] - 2026-01-01\n\n- a\n\n### Fixed\n\n" +
  "- b\n\n## [1.1.0]\n";

Deno.test("notesOf() takes one version's section and no other", () => {
  assert.equal(notesOf(CHANGELOG, "1.2.0"), "- a\n\n### Fixed\n\n- b");
  assert.equal(notesOf(CHANGELOG, "1.1.0"), null, "an empty section");
  assert.equal(notesOf(CHANGELOG, "9.9.9"), null);
});
