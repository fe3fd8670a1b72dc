// `mallard privacy-audit`: searches DATA_DIR for personal data that should not be there.
import { auditData, auditText } from "../storage/backup/privacy_audit.ts";
import { type Command, dataDirOf, openDatabase } from "./command.ts";

/** The row of COMMANDS. */
export const PRIVACY_AUDIT = {
  args: [],
  doc: "search DATA_DIR for anything that looks like a network address or an e-mail address",
  run: async (context) => {
    const dataDir = dataDirOf(context.config);
    const db = await openDatabase(context, dataDir);
    try {
      const report = await auditData(db, context.system.files, dataDir);
      return { text: auditText(report), ok: report.findings.length === 0 };
    } finally {
      await db.close();
    }
  },
} as const satisfies Command;
