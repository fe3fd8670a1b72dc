// `mallard privacy-audit`: searches DATA_DIR and the lake for personal data that should not be
// there.
import { masksOf } from "../sites/settings.ts";
import { Sites } from "../sites/sites.ts";
import { maskStored } from "../storage/backup/mask_stored.ts";
import { auditData, auditText, type LakeEvents } from "../storage/backup/privacy_audit.ts";
import { openStorage } from "../storage/open.ts";
import {
  asJson,
  type Command,
  type CommandContext,
  type CommandResult,
  dataDirOf,
  JSON_OPTION,
  openDatabase,
  requireCurrentSchema,
} from "./command.ts";
import { isOverLake } from "./lake/over_lake.ts";

/** The row of COMMANDS. */
export const PRIVACY_AUDIT = {
  args: ["[mask]"],
  doc: "search DATA_DIR, and the lake where events are in one, for network addresses, e-mail " +
    "addresses and tokens; mask: mask those that each site's settings say",
  actions: ["mask"],
  options: { json: { ...JSON_OPTION, doc: "print what was found as JSON" } },
  example: "mallard privacy-audit mask",
  run: async (context) => {
    const [action] = context.args;
    if (action === "mask") return await mask(context);
    if (action !== undefined) throw new Error(`Cannot run privacy-audit ${action}: it is not mask`);
    const dataDir = dataDirOf(context.config);
    if (!await isOverLake(context, dataDir)) return await audit(context, dataDir);
    const { withAudited } = await import("./lake/audited.ts");
    return await withAudited(context, dataDir, (lake) => audit(context, dataDir, lake));
  },
} as const satisfies Command;

async function audit(
  context: CommandContext,
  dataDir: string,
  lake?: LakeEvents,
): Promise<CommandResult> {
  const db = await openDatabase(context, dataDir);
  try {
    const report = await auditData(db, context.system.files, dataDir, lake);
    const ok = report.findings.length === 0;
    return context.options?.["json"] ? asJson(report, ok) : { text: auditText(report), ok };
  } finally {
    await db.close();
  }
}

/** Masks what is stored, as each site's settings say. */
async function mask(context: CommandContext): Promise<CommandResult> {
  const { config, system, host } = context;
  const dataDir = dataDirOf(config);
  await requireCurrentSchema(context, dataDir, "mask what is stored");
  if (await isOverLake(context, dataDir)) {
    const { maskedInLake } = await import("./lake/masked.ts");
    return await maskedInLake(context, dataDir);
  }
  const storage = await openStorage(system, host, { ...config, dataDir });
  try {
    const sites = await Sites.open(storage.store, system.clock);
    const masks = (site: string) => masksOf(sites.settings(site));
    const done = await maskStored(storage, system.files, `${dataDir}/events`, masks);
    const lines = [
      `Masked ${done.texts} texts in ${done.files} files.`,
      ...done.skipped.map((path) => `${path}: left, as it has columns of another program`),
    ];
    return { text: `${lines.join("\n")}\n`, ok: done.skipped.length === 0 };
  } finally {
    await storage.close();
  }
}
