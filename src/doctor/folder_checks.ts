// Checks of DATA_DIR: whether it can be written and read by others, its space and file system, and
// what is in it.
import { messageOf } from "../core/errors.ts";
import { isLow } from "../storage/disk_space.ts";
import type { LakeFaults } from "../storage/lake/upkeep.ts";
import { type Check, type DoctorContext, fail, ok, type Result, warn } from "./check.ts";

const MIB = 2 ** 20;
/** Files that hold secrets. */
const PRIVATE_FILES = ["mallard.sqlite", ".secret"] as const;
const OTHERS_WRITE = 0o002;
const NOT_OWNER = 0o077;
/** More journal rows than any flush leaves behind. */
const JOURNAL_ROWS_MANY = 500_000;
const PARTITION_FILES_MANY = 100;

/** File systems that answer over a network or through another program. */
const REMOTE = ["nfs", "smb", "cifs", "fuse", "9p"];

/** Whether the folder is there and can be written. */
export const checkDataDir: Check = async ({ dataDir, system: { files, random } }) => {
  if (await files.realPath(dataDir) === null) {
    return warn(
      `${dataDir} does not exist`,
      "the server makes it at its first start; if there should be data, check data_dir and " +
        "whether its disk is mounted",
    );
  }
  const probe = `${dataDir}/.doctor-${random.uuid()}`;
  try {
    await files.write(probe, new Uint8Array(1), 0o600);
    await files.remove(probe);
  } catch (error) {
    return fail(
      `${dataDir} cannot be written: ${messageOf(error)}`,
      "give the folder and all in it to the user of the server (chown -R), and check that its " +
        "disk is not mounted read-only",
    );
  }
  return ok(dataDir);
};

/** Whether other users can read secrets or change data. */
export const checkRights: Check = async ({ dataDir, probes }) => {
  const wrong: string[] = [];
  const folderMode = await probes.modeOf(dataDir);
  if (folderMode === null) return ok("not known");
  if ((folderMode & OTHERS_WRITE) !== 0) wrong.push(`chmod o-w ${dataDir}`);
  for (const name of PRIVATE_FILES) {
    const mode = await probes.modeOf(`${dataDir}/${name}`);
    if (mode !== null && (mode & NOT_OWNER) !== 0) wrong.push(`chmod 600 ${dataDir}/${name}`);
  }
  return wrong.length === 0
    ? ok("only the owner can read secrets")
    : fail("other users can read secrets or change data", wrong.join("; "));
};

/** Free bytes and inodes. */
export const checkSpace: Check = async ({ dataDir, system: { files } }) => {
  const free = await files.space(dataDir).catch(() => null);
  if (free === null) return ok("not known");
  const { bytes, inodes, inodesTotal } = free;
  const found = `${Math.floor(bytes / MIB)} MiB free` +
    (inodesTotal > 0 ? `, ${inodes} of ${inodesTotal} inodes free` : "");
  return isLow(free)
    ? fail(found, "free space, enlarge the disk, or set retention_days; a full disk refuses events")
    : ok(found);
};

/** Whether the file system keeps what was written and locks files. */
export const checkFileSystem: Check = async ({ dataDir, probes }) => {
  const kind = await probes.fileSystemOf(dataDir).catch(() => null);
  if (kind === null) return ok("not known");
  if (kind === "tmpfs" || kind === "ramfs") {
    return fail(`${kind}: in memory`, "move data_dir to a disk: all is lost at the next boot");
  }
  if (kind === "overlay") {
    return warn(
      "overlay: inside a container's own layer",
      "mount a volume at data_dir: the data is lost with the container",
    );
  }
  if (REMOTE.includes(kind)) {
    return warn(
      `${kind}: over a network or another program`,
      "keep data_dir on a local disk: SQLite needs locks and fsync that hold",
    );
  }
  return ok(kind);
};

/** Whether mallard.sqlite can be read by this program. */
export const checkStore: Check = async (context) => {
  const path = `${context.dataDir}/mallard.sqlite`;
  try {
    const facts = await context.store();
    if (facts === null) return ok("there is no mallard.sqlite yet");
    const { version, versionNow, isOverLake } = facts;
    if (isOverLake && context.config.storage !== "lake") {
      return fail(
        `${path} is of a server over a lake: what it has of settings is a copy`,
        'set storage = "lake" and the settings of the lake; no server starts here without them',
      );
    }
    if (version === versionNow) return ok(`schema version ${version}`);
    return ok(`schema version ${version}: the next start raises it to ${versionNow}`);
  } catch (error) {
    const message = messageOf(error);
    const isNewer = message.includes("newer than this program");
    return fail(
      message.startsWith("Cannot ") ? message : `${path} cannot be read: ${message}`,
      isNewer
        ? "run the program that wrote it, or a newer one"
        : "stop the server and restore the newest backup, or start it: it salvages what it can",
    );
  }
};

/** Corrupt, missing and unknown Parquet files. */
export const checkParquet: Check = async ({ dataDir, server, system: { files } }) => {
  const paths = await files.tree(`${dataDir}/quarantine`);
  const quarantined = paths.filter((path) => path.endsWith(".parquet")).length;
  const { missing_count: missing = 0 } = server?.health.more ?? {};
  const notAdopted = Object.keys(Object(server?.health.forReaders["files_not_adopted"] ?? {}));
  if (Number(missing) > 0) {
    return fail(
      `${missing} files of the catalog are missing`,
      "bring them back from a backup or mount their disk; the server reads them by itself",
    );
  }
  if (quarantined > 0) {
    return warn(
      `${quarantined} corrupt files are in quarantine`,
      "restore them from a backup, then: mallard quarantine list, restore or drop",
    );
  }
  if (notAdopted.length > 0) {
    return warn(`${notAdopted.length} files are not counted`, "run mallard adopt: it says why");
  }
  return faultOfLake(await server?.lake() ?? null) ?? ok("no file is corrupt or missing");
};

/** What stands in the way of files in a lake; null where nothing does. */
export function faultOfLake(faults: LakeFaults | null): Result | null {
  const { files = [], erasures = [] } = faults ?? {};
  const sites = [...Map.groupBy(files, ({ site }) => site)].map(([site, list]) =>
    `${site} ${[...new Set(list.map(({ date }) => date))].sort().join(", ")}`
  );
  const waiting = erasures.map(({ number, site, dates }) =>
    `${number} (${site} ${dates.join(", ")})`
  );
  const found = [
    ...sites.length > 0 ? [`events in the lake cannot be read: ${sites.join("; ")}`] : [],
    ...waiting.length > 0 ? [`erasures that wait for files: ${waiting.join(", ")}`] : [],
  ];
  return found.length === 0 ? null : fail(
    found.join("; "),
    "mallard lake verify names the files: put them back from the bucket's versions, then erase " +
      "again what waits",
  );
}

/** How many files there are, and whether they are merged. */
export const checkFiles: Check = async (context) => {
  const facts = await storeOf(context);
  if (facts === null) return ok("no files yet");
  const { files, partitions, filesOfPartitionMax } = facts;
  const found = `${files} files in ${partitions} partitions`;
  return filesOfPartitionMax > PARTITION_FILES_MANY
    ? warn(
      `${found}, up to ${filesOfPartitionMax} in one`,
      "they should have been merged: look for compaction_failures in /metrics and in the log",
    )
    : ok(found);
};

/** Events that wait to be written to Parquet. */
export const checkJournal: Check = async (context) => {
  const { server } = context;
  const facts = await storeOf(context);
  const found = `${facts?.journalRows ?? 0} events wait to be written to Parquet`;
  if (server && !server.health.accepting) {
    return fail("events are refused: the journal cannot be written", "see data_dir and space");
  }
  if (server?.health.degraded.includes("flush_failing")) {
    return fail(`${found}, and writing fails`, "the log says why: space, rights or a full disk");
  }
  return (facts?.journalRows ?? 0) > JOURNAL_ROWS_MANY
    ? warn(found, "start the server, or lower flush_interval_secs")
    : ok(found);
};

/** Whether there is a backup, and how it went. */
export const checkBackups: Check = ({ config, server, system: { clock } }): Result => {
  if (config.backup_dir === null) {
    return warn(
      "no backups are configured",
      "set backup_dir and backup_interval_hours, or run mallard backup DIR by a timer",
    );
  }
  if (server === null) return ok(`into ${config.backup_dir}; asked when the server runs`);
  const { fault, last } = server.backups;
  if (fault !== null) return fail(fault, "set it right, and make a backup in the dashboard");
  const faults = last?.verdict?.faults.length ?? 0;
  if (last === null) return warn("there is none yet", "make one in the dashboard, under Data");
  if (faults > 0) return fail(`the last one has ${faults} faults`, "make another one");
  const hours = Math.floor((clock.nowMs() - Date.parse(last.madeAt)) / 3_600_000);
  const late = config.backup_interval_hours !== null && hours > 2 * config.backup_interval_hours;
  return late
    ? warn(`the last one is ${hours} hours old`, "the log says why the schedule did not keep")
    : ok(`the last one is ${hours} hours old and holds ${last.events} events`);
};

/** The facts of the store; null where checkStore tells that it cannot be read. */
export async function storeOf({ store }: DoctorContext) {
  return await store().catch(() => null);
}
