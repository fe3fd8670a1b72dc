// Settings of what is kept: folders, writing, retention, backups, limits of DuckDB.
import { choice, memory, path, wholeNumber } from "../kinds.ts";
import { row } from "./row.ts";

/** Rows of what is kept. */
export const STORAGE_SETTINGS = {
  data_dir: row({
    env: "MALLARD_DATA_DIR",
    kind: path,
    default: "data",
    doc: "Folder of all data: events, settings made in the dashboard, secrets.",
  }),
  data_readable_by: row({
    env: "MALLARD_DATA_READABLE_BY",
    kind: choice("group", "everyone"),
    default: "group",
    doc: "Who may read the event files: group (0640 and 0750) or everyone (0644 and 0755).",
  }),
  flush_event_count: row({
    env: "MALLARD_FLUSH_COUNT",
    kind: wholeNumber(1, 1_000_000_000),
    default: 1000,
    doc: "Number of new events after which they are written to Parquet, at most once a second.",
  }),
  flush_interval_secs: row({
    env: "MALLARD_FLUSH_INTERVAL",
    // A timer of the runtime counts 24 days at most.
    kind: wholeNumber(1, 2_000_000),
    default: 60,
    doc: "Interval at which new events are written to Parquet.",
  }),
  retention_days: row({
    env: "MALLARD_RETENTION_DAYS",
    kind: wholeNumber(0, 36_500),
    default: 0,
    shown: "0 (for ever)",
    doc: "Days after which events are removed; 0 keeps them for ever.",
  }),
  backup_dir: row<string | null>({
    env: "MALLARD_BACKUP_DIR",
    kind: path,
    default: null,
    example: "/mnt/other-disk/mallard",
    doc: "Folder for backups from the dashboard; best on another disk, outside data_dir.",
  }),
  backup_interval_hours: row<number | null>({
    env: "MALLARD_BACKUP_INTERVAL_HOURS",
    kind: wholeNumber(1, 8760),
    default: null,
    shown: "only when asked",
    example: 24,
    doc: "Interval of automatic backups into backup_dir, in hours.",
  }),
  backup_keep: row<number>({
    env: "MALLARD_BACKUP_KEEP",
    kind: wholeNumber(1, 1000),
    default: 7,
    doc: "Backups kept in a folder; what did not change is stored once.",
  }),
  backup_keep_days: row<number | null>({
    env: "MALLARD_BACKUP_KEEP_DAYS",
    kind: wholeNumber(1, 36500),
    default: null,
    shown: "no limit",
    example: 30,
    doc: "Age at which a backup is removed, in days; the newest two stay.",
  }),
  memory_limit: row<string | null>({
    env: "MALLARD_MEMORY_LIMIT",
    kind: memory,
    default: null,
    shown: "half of the memory at most",
    example: "512MB",
    doc: "Memory limit of DuckDB, such as 512MB or 2GiB. Control groups count.",
  }),
  spill_limit: row({
    env: "MALLARD_SPILL_LIMIT",
    kind: memory,
    default: "4GiB",
    doc: "Disk space for reports larger than the memory; at most half of what is free at start.",
  }),
  threads: row<number | null>({
    env: "MALLARD_THREADS",
    kind: wholeNumber(1, 1024),
    default: null,
    shown: "all cores",
    example: 2,
    doc: "Threads of DuckDB; fewer than cores where its memory is below 125 MiB for each.",
  }),
  native_dir: row({
    env: "MALLARD_NATIVE_DIR",
    kind: path,
    default: "DATA_DIR/.native",
    doc: "Folder to which the single executable unpacks DuckDB's library.",
  }),
} as const;
