// Which engine computes behavioral reports: loading the extension, comparing it with the plain SQL,
// and the choice. The only entry to the engines from outside this folder.
import { messageOf } from "../../core/errors.ts";
import { raw, type Sql, sql } from "../../core/sql.ts";
import type { Log } from "../../core/types.ts";
import type { ExtensionOptions, Row } from "../../storage/duckdb.ts";
import type { BehavioralEngine } from "./engine.ts";
import { extensionEngine } from "./extension/extension.ts";
import { checkCases } from "./extension/self_check.ts";
import { nativeEngine } from "./native/native.ts";

/** Every engine by the value of the setting `behavioral`. */
export const ENGINES: Readonly<Record<BehavioralEngine["name"], BehavioralEngine>> = {
  sql: nativeEngine,
  extension: extensionEngine,
  off: { ...nativeEngine, name: "off" },
};

/** How DuckDB loads the extension: from a local file, or from the community repository. */
export function extensionOptions(path: string | null): ExtensionOptions {
  if (path === null) {
    return {
      statements: [sql`install behavioral from community`, sql`load behavioral`],
      unsigned: false,
    };
  }
  return { statements: [raw(`load '${path.replaceAll("'", "''")}'`)], unsigned: true };
}

/** Which engine answers, and why. */
export interface EngineChoice {
  readonly engine: BehavioralEngine;
  /** Version of the loaded extension; null when there is none. */
  readonly version: string | null;
  /** The reason, in a sentence. */
  readonly verdict: string;
}

/**
 * The engine of `behavioral`. The extension answers only when it was loaded (`fault` null) and
 * its answers to a handful of cases equal the plain SQL's; otherwise a warning is logged and the
 * plain SQL answers.
 */
export async function chooseEngine(
  behavioral: BehavioralEngine["name"],
  fault: string | null,
  ask: (query: Sql) => Promise<readonly Row[]>,
  log: Log,
): Promise<EngineChoice> {
  if (behavioral === "off") {
    return { engine: ENGINES.off, version: null, verdict: "switched off: zeros and empty lists" };
  }
  if (behavioral === "sql") return { engine: nativeEngine, version: null, verdict: "plain SQL" };
  const found = fault ?? await faultOfAnswers(ask);
  const version = fault === null ? await versionOf(ask) : null;
  if (found !== null) {
    const verdict = `plain SQL, as the extension cannot be used: ${found}`;
    log("warn", `Behavioral reports use ${verdict}`);
    return { engine: nativeEngine, version, verdict };
  }
  const verdict = "the extension, whose answers equal plain SQL's in the cases tried";
  log("info", `Behavioral reports use ${verdict}`, { version });
  return { engine: extensionEngine, version, verdict };
}

/** The first case that the extension answers differently, or its error; null for none. */
async function faultOfAnswers(
  ask: (query: Sql) => Promise<readonly Row[]>,
): Promise<string | null> {
  for (const { name, statement } of checkCases()) {
    try {
      const fault = firstDifference(
        await ask(statement(extensionEngine)),
        await ask(statement(nativeEngine)),
      );
      if (fault !== null) return `${name} answers ${fault}`;
    } catch (error) {
      return `${name} fails: ${messageOf(error).split("\n")[0]}`;
    }
  }
  return null;
}

/** The first row that differs, with both values; null for none. */
function firstDifference(found: readonly Row[], wanted: readonly Row[]): string | null {
  const text = (row: Row | undefined) => row === undefined ? "no row" : JSON.stringify(row);
  for (let index = 0; index < Math.max(found.length, wanted.length); index++) {
    const [own, other] = [text(found[index]), text(wanted[index])];
    if (own !== other) return `${own} instead of ${other}`;
  }
  return null;
}

async function versionOf(ask: (query: Sql) => Promise<readonly Row[]>): Promise<string | null> {
  try {
    const rows = await ask(
      sql`select extension_version from duckdb_extensions()
        where extension_name = 'behavioral' and loaded`,
    );
    const version = rows[0]?.["extension_version"];
    return typeof version === "string" && version !== "" ? version : null;
  } catch {
    return null;
  }
}
