// The generations of a backup folder: `generations/NNNN_TIME`, each a whole backup, and the one in
// the folder itself that earlier versions made. One rename adds a generation, and one removes it.
import { DAY_MS } from "../../core/durations.ts";
import type { Files } from "../../core/types.ts";
import { GENERATIONS } from "./folders.ts";
import {
  DATABASE,
  eventsOf,
  MANIFEST,
  type Manifest,
  OWNER_FILES,
  readManifest,
} from "./manifest.ts";

/** One generation; `number` is 0 for a backup of an earlier version, which has no folder. */
export interface Generation {
  readonly number: number;
  readonly folder: string;
}

/** A generation with what its manifest says; null where that is damaged. */
export interface ReadGeneration extends Generation {
  readonly manifest: Manifest | null;
}

/** Which generations stay. */
export interface Keeping {
  /** The newest so many. */
  readonly keep: number;
  /** And no older than this; null means no limit. The newest two stay in any case. */
  readonly keepDays: number | null;
}

const NAME = /^(\d{4,})_/;
const FLAT_NUMBER = 0;
const AGE_SPARES = 2;
/** A backup with fewer events than this share of an earlier one does not replace it. */
const SHRUNK_SHARE = 0.5;

/** The folder in which a generation is made. */
export function makingFolder(target: string): string {
  return `${target}/${GENERATIONS}/.making`;
}

/** All generations of a folder, the newest first. */
export async function listGenerations(files: Files, target: string): Promise<Generation[]> {
  const generations: Generation[] = [];
  for (const { name, isDirectory } of await files.list(`${target}/${GENERATIONS}`)) {
    const number = NAME.exec(name)?.[1];
    if (!isDirectory || number === undefined) continue;
    generations.push({ number: Number(number), folder: `${target}/${GENERATIONS}/${name}` });
  }
  if (await files.size(`${target}/${MANIFEST}`) !== null) {
    generations.push({ number: FLAT_NUMBER, folder: target });
  }
  return generations.sort((a, b) => b.number - a.number);
}

/** The newest generation of a folder, or null. A generation's own folder can be named, too. */
export async function newestGeneration(files: Files, target: string): Promise<Generation | null> {
  return (await listGenerations(files, target))[0] ?? null;
}

/** All generations with their manifests, the newest first. */
export async function readGenerations(files: Files, target: string): Promise<ReadGeneration[]> {
  const read: ReadGeneration[] = [];
  for (const generation of await listGenerations(files, target)) {
    const manifest = await readManifest(files, generation.folder).catch(() => null);
    read.push({ ...generation, manifest });
  }
  return read;
}

/** Gives the finished generation in `makingFolder` its name. */
export async function publish(files: Files, target: string, manifest: Manifest): Promise<string> {
  const time = manifest.made_at.replace(/[:]/g, "-").replace(/[.]\d+Z$/, "Z");
  const name = `${String(manifest.generation).padStart(4, "0")}_${time}`;
  await files.rename(makingFolder(target), `${target}/${GENERATIONS}/${name}`);
  await files.sync(`${target}/${GENERATIONS}`);
  return name;
}

/** Removes what killed backups left half made and half removed. */
export async function removeLeftovers(files: Files, target: string): Promise<void> {
  for (const { name } of await files.list(`${target}/${GENERATIONS}`)) {
    if (name === nameOfRemoved(FLAT_NUMBER)) await takeApart(files, target);
    if (name.startsWith(".")) await files.removeTree(`${target}/${GENERATIONS}/${name}`);
  }
}

/**
 * The generation that a much smaller newest one must not replace, or null. It is
 * the one with the most events.
 */
export function guardedGeneration(
  [newest, ...earlier]: readonly ReadGeneration[],
): ReadGeneration | null {
  if (!newest?.manifest) return null;
  const limit = eventsOf(newest.manifest) / SHRUNK_SHARE;
  let largest: ReadGeneration | null = null;
  let most = limit;
  for (const generation of earlier) {
    const events = generation.manifest ? eventsOf(generation.manifest) : 0;
    if (events <= most) continue;
    most = events;
    largest = generation;
  }
  return largest;
}

/** Removes generations by number and age. Resolves with the numbers of those removed. */
export async function pruneGenerations(
  files: Files,
  target: string,
  { keep, keepDays }: Keeping,
  nowMs: number,
): Promise<number[]> {
  const generations = await readGenerations(files, target);
  const guarded = guardedGeneration(generations);
  const removed: number[] = [];
  for (const [index, generation] of generations.entries()) {
    const madeMs = Date.parse(generation.manifest?.made_at ?? "");
    const isOld = keepDays !== null && index >= AGE_SPARES && nowMs - madeMs > keepDays * DAY_MS;
    if (index === 0 || generation === guarded || (index < keep && !isOld)) continue;
    await remove(files, target, generation);
    removed.push(generation.number);
  }
  return removed;
}

async function remove(files: Files, target: string, { number, folder }: Generation): Promise<void> {
  const removed = `${target}/${GENERATIONS}/${nameOfRemoved(number)}`;
  if (number === FLAT_NUMBER) {
    await files.makeDir(removed);
    await takeApart(files, target);
  } else await files.rename(folder, removed);
  await files.removeTree(removed);
}

/** Moves the parts of a backup without a folder into that of its removal, the manifest first. */
async function takeApart(files: Files, target: string): Promise<void> {
  const removed = `${target}/${GENERATIONS}/${nameOfRemoved(FLAT_NUMBER)}`;
  for (const name of [MANIFEST, DATABASE, ...OWNER_FILES, "events"]) {
    if (await files.size(`${target}/${name}`) === null) continue;
    await files.rename(`${target}/${name}`, `${removed}/${name}`);
  }
}

function nameOfRemoved(number: number): string {
  return `.removing-${number}`;
}
