// The checks of the doctor by name, and running them all. A check that throws is a finding, too.
import { type DoctorReport, type Finding, reportOf } from "../api/doctor.ts";
import { messageOf } from "../core/errors.ts";
import type { Check, DoctorContext } from "./check.ts";
import {
  checkBackups,
  checkDataDir,
  checkFiles,
  checkFileSystem,
  checkJournal,
  checkParquet,
  checkRights,
  checkSpace,
  checkStore,
} from "./folder_checks.ts";
import {
  checkBehavioral,
  checkClock,
  checkGeography,
  checkMemory,
  checkOpenFiles,
  checkPassword,
  checkSecrets,
} from "./machine_checks.ts";
import { checkCertificate, checkPort, checkProxy, checkTracker } from "./network_checks.ts";
import { readStoreFacts } from "./store_facts.ts";

/** Every check by name, in the order of the list. The dashboard has a text `doctor_NAME`. */
export const CHECKS = {
  data_dir: checkDataDir,
  rights: checkRights,
  space: checkSpace,
  file_system: checkFileSystem,
  store: checkStore,
  journal: checkJournal,
  parquet: checkParquet,
  files: checkFiles,
  backups: checkBackups,
  clock: checkClock,
  memory: checkMemory,
  open_files: checkOpenFiles,
  port: checkPort,
  certificate: checkCertificate,
  proxy: checkProxy,
  tracker: checkTracker,
  secrets: checkSecrets,
  password: checkPassword,
  geography: checkGeography,
  behavioral: checkBehavioral,
} as const satisfies Record<string, Check>;

/** Runs every check. Never rejects. */
export async function examine(
  given: Omit<DoctorContext, "store">,
): Promise<DoctorReport> {
  const { dataDir, system: { files } } = given;
  let reading: ReturnType<DoctorContext["store"]> | undefined;
  const store = () => reading ??= readStoreFacts(files, `${dataDir}/mallard.sqlite`);
  const context: DoctorContext = { ...given, store };
  const findings = Object.entries<Check>(CHECKS).map(async ([check, run]): Promise<Finding> => {
    try {
      return { check, ...await run(context) };
    } catch (error) {
      const found = `this could not be checked: ${messageOf(error)}`;
      return { check, status: "fail", found, todo: "see what it says, and run doctor again" };
    }
  });
  return reportOf(await Promise.all(findings));
}
