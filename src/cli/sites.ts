// `mallard sites`: lists the sites that nobody declared, and accepts, refuses or deletes them. It
// leaves its decisions in mallard.sqlite: the server that runs now or next applies them.
import { faultOfSiteId } from "../core/site_id.ts";
import {
  PROPOSED_OPS,
  SITE_DECISIONS,
  type SiteDecision,
} from "../storage/state/ops/proposed_ops.ts";
import { PROPOSALS_SINCE, schemaVersion } from "../storage/state/migrations.ts";
import { Sqlite } from "../storage/state/sqlite.ts";
import { type Command, type CommandResult, dataDirOf, succeeded } from "./command.ts";

/** The row of COMMANDS. */
export const SITES = {
  args: ["[list|accept|refuse|delete]", "[SITE…]"],
  doc: "list new sites, or decide about them; * in SITE matches any text in proposed ones",
  run: async ({ config, system: { files }, args: [action = "list", ...names] }) => {
    const path = `${dataDirOf(config)}/mallard.sqlite`;
    if (await files.size(path) === null) throw new Error(`Cannot open ${path}: it is missing`);
    // An older program may have it open: its schema stays as it is.
    const db = action === "list" ? Sqlite.openReader(path) : Sqlite.openWriter(path);
    try {
      requireProposals(db);
      const decision = SITE_DECISIONS.find((one) => one === action);
      if (decision !== undefined) return decide(db, decision, names);
      if (action === "list" && names.length === 0) return list(db, config.site_ids);
    } finally {
      db.close();
    }
    throw new Error(`Cannot run sites ${action}: it must be list, accept, refuse or delete`);
  },
} as const satisfies Command;

/** Throws where the schema is older than proposed sites, or newer than this program. */
function requireProposals(db: Sqlite): void {
  const version = schemaVersion(db);
  if (version >= PROPOSALS_SINCE) return;
  throw new Error(
    `Cannot read new sites: mallard.sqlite has schema version ${version} of an older program; ` +
      "start this program's server once",
  );
}

/** One site a line: what it is, its id, and how many events wait. */
function list(db: Sqlite, listed: readonly string[]): CommandResult {
  const proposed = PROPOSED_OPS.listProposed(db);
  const others = PROPOSED_OPS.listUndeclared(db).filter((site) =>
    !listed.includes(site) && !proposed.some(({ site_id }) => site_id === site)
  );
  const lines = [
    ...proposed.map(({ site_id, events }) => `proposed ${site_id} ${events}`),
    ...PROPOSED_OPS.listRefused(db).map((site) => `refused ${site}`),
    ...others.map((site) => `undeclared ${site}`),
  ];
  return { text: lines.map((line) => `${line}\n`).join(""), ok: true };
}

function decide(db: Sqlite, decision: SiteDecision, names: readonly string[]): CommandResult {
  if (names.length === 0) throw new Error(`Cannot ${decision}: no site is named`);
  const proposed = PROPOSED_OPS.listProposed(db).map(({ site_id }) => site_id);
  const sites = new Set(names.flatMap((name) => sitesFor(name, proposed)));
  const known = decision === "accept" ? knownSites(db, proposed) : null;
  const unknown = [...sites].find((site) => known?.has(site) === false);
  if (unknown !== undefined) {
    throw new Error(`Cannot accept ${unknown}: no event of it came; mallard sites lists new ones`);
  }
  PROPOSED_OPS.addDecisions(db, { sites: [...sites], decision });
  return succeeded(
    `Decided to ${decision} ${sites.size} sites; a running server applies it within seconds, ` +
      "else the next start",
  );
}

/** Sites that can be accepted. */
function knownSites(db: Sqlite, proposed: readonly string[]): ReadonlySet<string> {
  const { listRefused, listUndeclared } = PROPOSED_OPS;
  return new Set([...proposed, ...listRefused(db), ...listUndeclared(db)]);
}

function sitesFor(name: string, proposed: readonly string[]): readonly string[] {
  if (name.includes("*")) return proposed.filter((site) => matches(site, name.split("*")));
  const fault = faultOfSiteId(name);
  if (fault === null) return [name];
  throw new Error(`Cannot read the site ${name}: ${fault}`);
}

/** Whether a text holds the parts in order, the first at its start and the last at its end. */
function matches(text: string, parts: readonly string[]): boolean {
  const [first = "", ...rest] = parts;
  const last = rest.pop() ?? "";
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
