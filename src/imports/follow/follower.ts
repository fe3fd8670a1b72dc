// Follows an access log that grows and is rotated: each part of it is sent to the server once. What
// is to be sent is on disk before, and the server knows a part that it took by its key, so that
// nothing is lost or counted twice, whenever either of them is killed.
import type { Files } from "../../core/types.ts";
import { digestOfBytes } from "../../storage/digest.ts";
import { gunzipped } from "../input/prepare.ts";
import type { LogLines } from "./log_lines.ts";
import { GZIP, nextOf, rotatedNames } from "./rotation.ts";

/** What following works with. */
export interface FollowParts {
  readonly files: Files;
  readonly read: (lines: Uint8Array<ArrayBuffer>, head: string) => Promise<LogLines>;
  /** Sends events; false where the server cannot take them now. */
  readonly send: (body: string, key: string) => Promise<boolean>;
  readonly tell: (line: string) => void;
}

/** What is followed. */
export interface FollowedLog {
  readonly path: string;
  readonly site: string;
  /** Folder of what is known of it. */
  readonly folder: string;
}

/** How far a file was read. */
interface State {
  /** The beginning of the file, by which it is known under another name. */
  readonly head: { readonly bytes: number; readonly sha256: string } | null;
  readonly offset: number;
  /** Its name, where it is not that of the log: a rotated file that comes next. */
  readonly name?: string | undefined;
  /** A part that is being sent: its end, and its key. */
  readonly pending: { readonly to: number; readonly key: string } | null;
}

/** A file that is read: its name beside the log, and where its text is. */
interface Found {
  readonly name: string;
  readonly path: string;
}

const START: State = { head: null, offset: 0, pending: null };
const HEAD_BYTES = 1024;
/** Read and sent at once: some thousand lines. */
const PART_BYTES = 512 * 1024;
const LINE_BYTES_MAX = 16 * 1024 * 1024;
const LINE_FEED = 10;
const MODE = 0o600;

/** Follows one log. */
export class Follower {
  readonly #parts: FollowParts;
  readonly #log: FollowedLog;
  #state: State | null = null;
  /** Whether a rotated file had nothing more when it was last looked at. */
  #isEnded = false;

  /** Nothing is read yet. */
  constructor(parts: FollowParts, log: FollowedLog) {
    this.#parts = parts;
    this.#log = log;
  }

  /**
   * Sends the next part. Resolves with false where there is none yet, or where the server cannot
   * take it now.
   */
  async step(): Promise<boolean> {
    const state = this.#state ??= await this.#load();
    const found = await this.#find(state);
    if (found === null) return await this.#lost(state);
    if (state.pending !== null) return await this.#send(found, state, state.pending);
    const part = await this.#nextPart(found, state);
    if (part === 0) return await this.#atEnd(found);
    this.#isEnded = false;
    const to = state.offset + part;
    const head = await this.#headOf(found.path, to);
    if (head === null) return false;
    const key = await digestOfBytes(
      new TextEncoder().encode(JSON.stringify([this.#log.site, head, state.offset, to])),
    );
    const next = { head, offset: state.offset, name: found.name, pending: { to, key } };
    await this.#save(next);
    return await this.#send(found, next, next.pending);
  }

  /** Bytes of the next whole lines; 0 for none. The rest of a rotated file is one. */
  async #nextPart({ name, path }: Found, { offset }: State): Promise<number> {
    const { files } = this.#parts;
    for (let bytes = PART_BYTES;; bytes *= 2) {
      const read = await files.readRange(path, offset, bytes);
      if (read === null || read.length === 0) return 0;
      const end = read.lastIndexOf(LINE_FEED) + 1;
      if (end > 0) return end;
      if (read.length < bytes) return name === nameOf(this.#log.path) ? 0 : read.length;
      // No log has such lines: it is counted as one that cannot be read.
      if (bytes >= LINE_BYTES_MAX) return read.length;
    }
  }

  async #send(
    { path }: Found,
    state: State,
    { to, key }: NonNullable<State["pending"]>,
  ): Promise<boolean> {
    const { files, read, send, tell } = this.#parts;
    const lines = await files.readRange(path, state.offset, to - state.offset);
    const start = await files.readRange(path, 0, HEAD_BYTES * 64);
    if (lines === null || start === null || lines.length < to - state.offset) return false;
    const { body, views, faults } = await read(lines, new TextDecoder().decode(start));
    if (views > 0 && !await send(body, key)) return false;
    if (faults > 0) tell(`${faults} lines before byte ${to} cannot be read`);
    await this.#save({ ...state, offset: to, pending: null });
    return true;
  }

  /** The file that was followed: under its name, or under another since it was rotated. */
  async #find({ head, offset, name }: State): Promise<Found | null> {
    const log = this.#log.path;
    if (head === null) return await this.#opened(name ?? nameOf(log));
    const rotated = rotatedNames(nameOf(log), (await this.#names()).filter((one) => one !== name));
    for (const candidate of [nameOf(log), ...(name ? [name] : []), ...rotated]) {
      if (!await this.#begins(candidate, head)) continue;
      const found = await this.#opened(candidate);
      if (found && (await this.#parts.files.size(found.path) ?? -1) >= offset) return found;
    }
    return null;
  }

  async #names(): Promise<string[]> {
    const listed = await this.#parts.files.list(folderOf(this.#log.path) || "/");
    return listed.filter(({ isDirectory }) => !isDirectory).map(({ name }) => name);
  }

  /** Whether a file, packed or not, begins as the one that was read. */
  async #begins(name: string, head: NonNullable<State["head"]>): Promise<boolean> {
    const path = `${folderOf(this.#log.path)}/${name}`;
    const start = GZIP.test(name)
      ? await this.#unpackedHead(path, head.bytes)
      : await this.#parts.files.readRange(path, 0, head.bytes);
    return start?.length === head.bytes && await digestOfBytes(start) === head.sha256;
  }

  async #unpackedHead(path: string, bytes: number): Promise<Uint8Array<ArrayBuffer> | null> {
    const parts: number[] = [];
    try {
      for await (const part of gunzipped(await this.#parts.files.stream(path))) {
        parts.push(...part.subarray(0, bytes - parts.length));
        if (parts.length >= bytes) break;
      }
    } catch {
      // It is being written, or is no such file.
      return null;
    }
    return Uint8Array.from(parts);
  }

  /** A file of the log's folder; of a packed one what it holds, in the folder of the state. */
  async #opened(name: string): Promise<Found> {
    const { files } = this.#parts;
    const path = `${folderOf(this.#log.path)}/${name}`;
    if (!GZIP.test(name)) return { name, path };
    const unpacked = `${this.#log.folder}/${name}.unpacked`;
    if (await files.size(unpacked) === null) {
      await files.writeStream(`${unpacked}.tmp`, gunzipped(await files.stream(path)), MODE);
      await files.rename(`${unpacked}.tmp`, unpacked);
    }
    return { name, path: unpacked };
  }

  /**
   * At the end of a rotated file comes the one that was rotated after it; the log itself once the
   * old file had nothing more twice.
   */
  async #atEnd({ name }: Found): Promise<boolean> {
    const { files } = this.#parts;
    const log = nameOf(this.#log.path);
    if (name === log || await files.size(this.#log.path) === null) return false;
    const next = nextOf(name, log, await this.#names());
    if (next === null && !this.#isEnded) {
      this.#isEnded = true;
      return false;
    }
    await this.#save({ ...START, name: next ?? undefined });
    for (const entry of await files.list(this.#log.folder)) {
      if (/\.unpacked(?:\.tmp)?$/.test(entry.name)) {
        await files.remove(`${this.#log.folder}/${entry.name}`);
      }
    }
    return true;
  }

  async #lost({ offset }: State): Promise<boolean> {
    const { files, tell } = this.#parts;
    if (await files.size(this.#log.path) === null) return false;
    tell(
      `The log was rotated, and its old file is gone: what it had after byte ${offset} is lost`,
    );
    await this.#save(START);
    return true;
  }

  async #headOf(path: string, read: number): Promise<State["head"]> {
    const start = await this.#parts.files.readRange(path, 0, Math.min(HEAD_BYTES, read));
    return start === null ? null : { bytes: start.length, sha256: await digestOfBytes(start) };
  }

  async #load(): Promise<State> {
    const text = await this.#parts.files.readText(`${this.#log.folder}/state.json`);
    return text === null ? START : JSON.parse(text) as State;
  }

  async #save(state: State): Promise<void> {
    const { files } = this.#parts;
    const path = `${this.#log.folder}/state.json`;
    await files.write(`${path}.tmp`, new TextEncoder().encode(JSON.stringify(state)), MODE);
    await files.rename(`${path}.tmp`, path);
    await files.sync(this.#log.folder);
    this.#state = state;
  }
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), 0));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
