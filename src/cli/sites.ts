// `mallard sites`: lists the sites that nobody declared, and accepts, refuses or deletes them. It
// leaves its decisions in mallard.sqlite: the server that runs now or next applies them. It also
// merges ids of one site, while no server runs.
import { asciiSiteId, faultOfSiteId, siteKey, SiteSpellings } from "../core/site_id.ts";
import { mergeSite } from "../storage/adoption/merge_site.ts";
import { lakeOptions } from "../config/lake_options.ts";
import { added } from "../sites/new_sites.ts";
import {
  PROPOSED_OPS,
  type ProposedSite,
  SITE_DECISIONS,
  type SiteDecision,
} from "../storage/state/ops/proposed_ops.ts";
import { SITE_OPS } from "../storage/state/ops/site_ops.ts";
import { PROPOSALS_SINCE, schemaVersion } from "../storage/state/migrations.ts";
import { Sqlite } from "../storage/state/sqlite.ts";
import {
  asJson,
  type Command,
  type CommandContext,
  type CommandResult,
  dataDirOf,
  JSON_OPTION,
  requireCurrentSchema,
  succeeded,
} from "./command.ts";
import { askServer } from "./server.ts";

/** The row of COMMANDS. */
export const SITES = {
  args: ["[list|create|accept|refuse|alias|delete|merge]", "[SITE…]"],
  doc: "list new sites, or decide about them; * in SITE matches any text in proposed ones. " +
    "create SITE: declare one. alias SITE NAME…: take events sent for NAME as SITE's; both ask " +
    "the running server. " +
    "merge OLD NEW: make two sites one whose names differ in case alone; stop the server first",
  actions: ["list", "create", "accept", "refuse", "alias", "delete", "merge"],
  options: { json: { ...JSON_OPTION, doc: "print the list as JSON" } },
  example: "mallard sites alias example.com www.example.com",
  run: async (context) => {
    const { config, system: { files }, args: [action = "list", ...names] } = context;
    const path = `${dataDirOf(config)}/mallard.sqlite`;
    if (await files.size(path) === null) throw new Error(`Cannot open ${path}: it is missing`);
    if (action === "merge") return await merge(context, names);
    if (action === "create") return await create(context, names);
    if (action === "alias") return await alias(context, names);
    const elsewhere = await waitingOnOthers(context);
    // An older program may have it open: its schema stays as it is.
    const db = action === "list" ? Sqlite.openReader(path) : Sqlite.openWriter(path);
    try {
      requireProposals(db);
      const decision = SITE_DECISIONS.find((one) => one === action);
      if (decision !== undefined) return decide(db, decision, names, elsewhere);
      if (action === "list" && names.length === 0) {
        return list(db, config.site_ids, elsewhere, context.options?.["json"] === true);
      }
    } finally {
      db.close();
    }
    throw new Error(`Cannot run sites ${action}: it must be ${SITES.actions.join(", ")}`);
  },
} as const satisfies Command;

/** Declares a site in the running server. */
async function create(context: CommandContext, names: readonly string[]): Promise<CommandResult> {
  const [site_id = ""] = names;
  if (names.length !== 1) throw new Error("Cannot create a site: name one");
  const body = { site_id };
  const made = { method: "POST", path: "/api/sites", body } as const;
  await askServer(context, `Cannot create ${site_id}`, made);
  return succeeded(`Created ${site_id}`);
}

/** Adds names under which the running server takes a site's events; without one, lists them. */
async function alias(context: CommandContext, names: readonly string[]): Promise<CommandResult> {
  const [site = "", ...added] = names;
  if (site === "") throw new Error("Cannot list aliases: no site is named");
  const path = `/api/sites/${encodeURIComponent(siteNamed(site))}`;
  const tried = `Cannot read the aliases of ${site}`;
  const { aliases } = await askServer(context, tried, { path }) as { aliases: readonly string[] };
  if (added.length === 0) return succeeded(aliases.join("\n") || `${site} has no aliases`);
  const body = { aliases: [...new Set([...aliases, ...added])] };
  await askServer(context, `Cannot give ${site} aliases`, { method: "PATCH", path, body });
  return succeeded(`${site} is also ${body.aliases.join(", ")}`);
}

/** Gives what is kept of one id of a site to another. */
async function merge(context: CommandContext, names: readonly string[]): Promise<CommandResult> {
  const [from = "", into = ""] = names.map(siteNamed);
  if (names.length !== 2 || from === into || siteKey(from) !== siteKey(into)) {
    throw new Error(`Cannot merge ${names.join(" ")}: name two ids that differ in case alone`);
  }
  const { config, system, host } = context;
  const dataDir = dataDirOf(config);
  await requireCurrentSchema(context, dataDir, "merge sites");
  const options = { ...config, dataDir };
  const { events, faults, left } = await mergeSite(system, host, options, { from, into });
  const lines = [
    ...faults,
    ...left.map((path) => `Not merged: ${path}`),
    `Merged ${from} into ${into}: ${events} events of files were rewritten`,
  ];
  if (faults.length > 0) throw new Error(lines.join("\n"));
  return succeeded(lines.join("\n"));
}

/** Throws where the schema is older than proposed sites, or newer than this program. */
function requireProposals(db: Sqlite): void {
  const version = schemaVersion(db);
  if (version >= PROPOSALS_SINCE) return;
  throw new Error(
    `Cannot read new sites: mallard.sqlite has schema version ${version} of an older program; ` +
      "start this program's server once",
  );
}

/** What waits on other servers of the lake, where events are in one. Rejects with a sentence. */
async function waitingOnOthers(
  { config, system }: CommandContext,
): Promise<readonly ProposedSite[]> {
  if (config.storage !== "lake") return [];
  const { waitingElsewhere } = await import("../storage/shared/shared_proposals.ts");
  const place = await lakeOptions(config, system.files);
  return await waitingElsewhere(place, config.node_name, system.clock);
}

/** What waits on this server and on others of sites that nobody has decided about. */
function waitingSites(db: Sqlite, elsewhere: readonly ProposedSite[]): readonly ProposedSite[] {
  const decided = new SiteSpellings([
    ...PROPOSED_OPS.listRefused(db),
    ...SITE_OPS.listSiteSettings(db).map(({ site_id }) => site_id),
  ]);
  return added(
    PROPOSED_OPS.listProposed(db),
    elsewhere.filter(({ site_id }) => decided.of(site_id).length === 0),
  );
}

/** One site a line: what it is, its id, and how many events wait. */
function list(
  db: Sqlite,
  listed: readonly string[],
  elsewhere: readonly ProposedSite[],
  isJson: boolean,
): CommandResult {
  const listedIds = new SiteSpellings(listed);
  const proposed = waitingSites(db, elsewhere);
  const same = new SiteSpellings(PROPOSED_OPS.listWithEvents(db)).several();
  const others = PROPOSED_OPS.listUndeclared(db).filter((site) =>
    listedIds.of(site).length === 0 && !proposed.some(({ site_id }) => site_id === site)
  );
  const refused = PROPOSED_OPS.listRefused(db);
  if (isJson) return asJson({ proposed, refused, undeclared: others, same });
  const lines = [
    ...proposed.map(({ site_id, events }) => `proposed ${site_id} ${events}`),
    ...refused.map((site) => `refused ${site}`),
    ...others.map((site) => `undeclared ${site}`),
    ...same.map((ids) => `same ${ids.join(" ")}`),
  ];
  return { text: lines.map((line) => `${line}\n`).join(""), ok: true };
}

function decide(
  db: Sqlite,
  decision: SiteDecision,
  names: readonly string[],
  elsewhere: readonly ProposedSite[],
): CommandResult {
  if (names.length === 0) throw new Error(`Cannot ${decision}: no site is named`);
  const proposed = waitingSites(db, elsewhere).map(({ site_id }) => site_id);
  const sites = new Set(names.flatMap((name) => sitesFor(name, proposed)));
  const known = decision === "accept" ? knownSites(db, proposed) : null;
  const unknown = [...sites].find((site) => known?.of(site).length === 0);
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
function knownSites(db: Sqlite, proposed: readonly string[]): SiteSpellings {
  const { listRefused, listUndeclared } = PROPOSED_OPS;
  return new SiteSpellings([...proposed, ...listRefused(db), ...listUndeclared(db)]);
}

function sitesFor(name: string, proposed: readonly string[]): readonly string[] {
  if (name.includes("*")) return proposed.filter((site) => matches(site, name.split("*")));
  return [siteNamed(name)];
}

function siteNamed(name: string): string {
  const site = asciiSiteId(name);
  const fault = faultOfSiteId(site);
  if (fault === null) return site;
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
