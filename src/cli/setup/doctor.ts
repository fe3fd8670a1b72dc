// `mallard doctor`: checks the installation. A running server examines itself, asked through the
// socket of DATA_DIR; without one, what can be seen from outside is examined.
import { type DoctorReport, type Finding, FINDING_STATUSES } from "../../api/doctor.ts";
import { examine } from "../../doctor/examine.ts";
import { askOwnServer } from "../../runtime/owner_socket.ts";
import { realProbes } from "../../runtime/probes.ts";
import { asJson, type Command, type CommandContext, dataDirOf, JSON_OPTION } from "../command.ts";

/** The row of COMMANDS. */
export const DOCTOR = {
  args: [],
  doc: "check the installation: each line ok, warn or fail, with what to do",
  options: { json: JSON_OPTION },
  example: "mallard doctor --config /etc/mallard/mallard.toml",
  run: async (context) => {
    const asked = await askServer(context);
    const report = asked ?? await examineHere(context);
    const ok = report.status !== "fail";
    if (context.options?.["json"]) return asJson({ server: asked !== null, ...report }, ok);
    return { text: reportText(report, asked !== null), ok };
  },
} as const satisfies Command;

/** A report as a person reads it, and who made it. */
export function reportText(report: DoctorReport, byServer: boolean): string {
  const seen = byServer
    ? "The running server has examined itself"
    : "No server answered: this is what can be seen without it";
  return [seen, ...report.findings.map(lineOf), summaryOf(report), ""].join("\n");
}

/** What the running server says; null where none answers, or one of an older program. */
async function askServer({ config }: CommandContext): Promise<DoctorReport | null> {
  const path = `${config.base_path}/api/doctor`;
  const response = await askOwnServer(dataDirOf(config), path).catch(() => null);
  return response?.ok ? await response.json() : null;
}

async function examineHere({ config, system, host }: CommandContext): Promise<DoctorReport> {
  return await examine({
    config,
    dataDir: dataDirOf(config),
    system,
    memoryBytes: host.memoryBytes,
    probes: realProbes,
    server: null,
  });
}

function lineOf({ check, status, found, todo }: Finding): string {
  const head = `${status.padEnd(5)} ${check.padEnd(12)} `;
  return `${head}${found}${todo === "" ? "" : `\n${" ".repeat(head.length)}to do: ${todo}`}`;
}

function summaryOf({ findings }: DoctorReport): string {
  return FINDING_STATUSES.map((status) =>
    `${findings.filter((one) => one.status === status).length} ${status}`
  ).join(", ");
}
