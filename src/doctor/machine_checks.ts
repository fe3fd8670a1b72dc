// Checks of the machine and of the settings that depend on it: clock, memory, limits, secrets,
// databases of places, the behavioral engine.
import { weakSecrets } from "../config/weak_secrets.ts";
import { DAY_MS } from "../core/durations.ts";
import { messageOf } from "../core/errors.ts";
import { SECRET_BYTES_MIN } from "../core/limits.ts";
import { builtInDatabasePath, openGeoIpFile } from "../ingest/enrich/geoip.ts";
import { CLOCK_FAR_MS } from "../storage/clock_guard.ts";
import { bytesOfText, memoryPlan } from "../storage/memory.ts";
import { type Check, fail, ok, warn } from "./check.ts";
import { storeOf } from "./folder_checks.ts";

const MIB = 2 ** 20;
const MEMORY_BYTES_MIN = 384 * MIB;
/** DuckDB's share of the memory, above which the rest of the process has too little. */
const MEMORY_SHARE_MAX = 0.8;
const DESCRIPTORS_MIN = 4096;
const GEO_DAYS_MAX = 365;
const TOKEN_CHARS_MIN = 16;

/** The clock against the newest event and what the server makes of it. */
export const checkClock: Check = async (context) => {
  const { system: { clock }, server } = context;
  const nowMs = clock.nowMs();
  const now = new Date(nowMs).toISOString().slice(0, 19) + "Z";
  const set = "set the clock (timedatectl set-ntp true); if it is right: mallard expiry allow";
  if (server?.health.degraded.includes("clock_in_doubt")) {
    return fail(`${now} is far from what is on record: nothing expires`, set);
  }
  const newestMs = (await storeOf(context))?.newestEventMs ?? 0;
  if (newestMs === 0) return ok(`${now}; there is no event to compare it with`);
  const newest = new Date(newestMs).toISOString().slice(0, 19) + "Z";
  const aheadMs = newestMs - nowMs;
  if (aheadMs > CLOCK_FAR_MS) return fail(`${now}, but the newest event is of ${newest}`, set);
  return ok(`${now}; the newest event is of ${newest}`);
};

/** The memory limit against the memory that the process may use. */
export const checkMemory: Check = ({ config, memoryBytes, probes }) => {
  if (memoryBytes === null) return ok("not known");
  const machine = probes.machineBytes();
  const mib = (bytes: number) => `${Math.floor(bytes / MIB)} MiB`;
  const plan = memoryPlan(memoryBytes, config);
  const limit = bytesOfText(plan.duckdbLimit ?? "") ?? 0;
  const found = `${mib(memoryBytes)}${
    machine !== null && memoryBytes < machine ? ` of the control group, ${mib(machine)} in all` : ""
  }; DuckDB ${limit > 0 ? mib(limit) : "by itself"}`;
  if (limit > memoryBytes) {
    return fail(found, "lower memory_limit: it is more than the process may use");
  }
  if (limit > memoryBytes * MEMORY_SHARE_MAX) {
    return warn(found, "lower memory_limit to half: the rest of the process needs memory, too");
  }
  return memoryBytes < MEMORY_BYTES_MIN
    ? warn(found, "give it 512 MiB: with less, reports over many events may fail")
    : ok(found);
};

/** The limit of open files. */
export const checkOpenFiles: Check = ({ probes }) => {
  const limit = probes.descriptorLimit();
  if (limit === null) return ok("not known");
  return limit < DESCRIPTORS_MIN
    ? warn(`${limit} at most`, "LimitNOFILE=65536 in the unit, or --ulimit nofile=65536")
    : ok(`${limit} at most`);
};

/** Secrets that can be guessed. */
export const checkSecrets: Check = async ({ config, dataDir, system: { files } }) => {
  const [weak] = weakSecrets(config);
  if (weak) return fail(weak.sentence, "set a longer one: openssl rand -hex 32");
  const kept = config.secret === null ? await files.readText(`${dataDir}/.secret`) : null;
  if (kept !== null && kept.trim().length < SECRET_BYTES_MIN) {
    return fail(
      `${dataDir}/.secret is short`,
      "set MALLARD_SECRET: openssl rand -hex 32; visitors of today are counted twice once",
    );
  }
  if (config.metrics_token !== null && config.metrics_token.length < TOKEN_CHARS_MIN) {
    return warn("metrics_token is short", "set a longer one: openssl rand -hex 32");
  }
  return ok("long enough");
};

/** Whether statistics are open to everybody. */
export const checkPassword: Check = async (context) => {
  const { config } = context;
  if (config.admin_password !== null) return ok("set by MALLARD_ADMIN_PASSWORD");
  if ((await storeOf(context))?.hasPassword) return ok("set in the dashboard");
  return warn("none is set: statistics are open to everybody", "set one in the dashboard");
};

/** The database of places, and its age. */
export const checkGeography: Check = async ({ config, server, system: { clock, files } }) => {
  const { geoip_db_path: own, geoip_precision: precision } = config;
  if (precision === "none") return ok("switched off");
  const path = own ?? builtInDatabasePath();
  try {
    if (server !== null && own !== null && !server.health.geoip_loaded) {
      throw new Error("it could not be opened at start");
    }
    const geo = server?.geo ?? await openGeoIpFile(files, path, precision);
    const days = Math.floor((clock.nowMs() - geo.builtMs) / DAY_MS);
    // The built-in file calls itself `country ipvAll`, which says nothing to an owner.
    const which = own === null ? "built in, countries alone" : `${own}: ${geo.type}`;
    const found = `${which}, ${days} days old`;
    return days > GEO_DAYS_MAX
      ? warn(found, own === null ? "upgrade, or set geoip_db_path" : "replace it by a newer one")
      : ok(found);
  } catch (error) {
    return fail(
      `${path}: ${messageOf(error)}`,
      "check geoip_db_path; countries come from the built-in database until then",
    );
  }
};

/** Which engine answers behavioral reports, and whether it is the one that was asked for. */
export const checkBehavioral: Check = async ({ config, server, system: { files } }) => {
  const { behavioral, behavioral_extension_path: path } = config;
  if (behavioral === "off") return ok("switched off");
  if (behavioral === "sql") return ok("plain SQL");
  if (path !== null && await files.size(path) === null) {
    return fail(`there is no extension at ${path}`, "check behavioral_extension_path");
  }
  if (server === null) return ok("the extension; asked when the server runs");
  const verdict = String(server.health.forReaders["behavioral_verdict"] ?? "");
  return server.health.behavioral_extension_loaded
    ? ok(verdict)
    : warn(verdict, 'name a file of the extension, or set behavioral = "sql"');
};
