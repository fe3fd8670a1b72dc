// The outside world as interfaces: clock, random bytes, files and log. runtime/system.ts implements
// them; tests pass fakes.
import type { Timings } from "./timings/timings.ts";

/** Source of time. `nowMs()` is milliseconds since 1970 UTC with a fraction where known. */
export interface Clock {
  nowMs(): number;
  /** Milliseconds since some fixed point, which no change of the wall clock moves. */
  uptimeMs(): number;
  /** Calls `run` every `ms` until the result is called. Never keeps the process alive. */
  every(ms: number, run: () => void): () => void;
  /** Calls `run` once after `ms`, unless the returned function is called before. */
  after(ms: number, run: () => void): () => void;
  /** Resolves after `ms`; resolves early when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Resolves in the next turn of the event loop, for all who ask in this one together. */
  turn(): Promise<void>;
}

/** Source of cryptographically strong random bytes. */
export interface Random {
  /** `count` random bytes. */
  bytes(count: number): Uint8Array<ArrayBuffer>;
  /** A random UUID (version 4). */
  uuid(): string;
}

/** Room on the file system of a folder. */
export interface FreeSpace {
  /** Bytes that this process may still write. */
  readonly bytes: number;
  readonly inodes: number;
  /** All inodes, used and free; 0 where the file system has no fixed number. */
  readonly inodesTotal: number;
}

/** The file operations in use; each may fail with the platform's error. */
export interface Files {
  readText(path: string): Promise<string | null>;
  readBytes(path: string): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Opens a file to be read in pieces; closed at its end or by cancelling. */
  stream(path: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
  /** At most so many bytes of a file from a place on; null when there is no such file. */
  readRange(path: string, from: number, bytes: number): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Writes a whole file, flushed to disk, with these permission bits. */
  write(path: string, data: Uint8Array<ArrayBuffer>, mode: number): Promise<void>;
  /** Writes a stream to a file, flushed to disk; resolves with its bytes. */
  writeStream(path: string, data: ReadableStream<Uint8Array>, mode: number): Promise<number>;
  /** Gives a file or folder these permission bits, or 0600, where the system can. */
  protect(path: string, mode?: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Makes a hard link; rejects across file systems and where the name is taken. */
  link(from: string, to: string): Promise<void>;
  /** A copy, flushed to disk. */
  copy(from: string, to: string): Promise<void>;
  /** Removes a file; a missing one is no error. */
  remove(path: string): Promise<void>;
  /** Removes a folder with all that is in it; a missing one is no error. */
  removeTree(path: string): Promise<void>;
  makeDir(path: string): Promise<void>;
  /** The path with every symbolic link followed, or null when there is no such file or folder. */
  realPath(path: string): Promise<string | null>;
  /** Flushes a file's content, or a folder's entries, to disk. */
  sync(path: string): Promise<void>;
  /** Names in a folder, sorted; empty when the folder does not exist. */
  list(path: string): Promise<{ name: string; isDirectory: boolean }[]>;
  /** Paths of all files below a folder, relative to it; empty when the folder does not exist. */
  tree(path: string): Promise<string[]>;
  /** Whether there is a plain file: no folder, no device, no pipe. Symbolic links are followed. */
  isFile(path: string): Promise<boolean>;
  /** Size in bytes, or null when there is no such file. */
  size(path: string): Promise<number | null>;
  /** What is free on the file system of a folder; rejects where the system does not tell. */
  space(folder: string): Promise<FreeSpace>;
}

/** Severity of a log line. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Structured log. `fields` never hold an address, a password, a key or a token. */
export interface Log {
  (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Everything a part of the program may touch of the outside world. */
export interface System {
  readonly clock: Clock;
  readonly random: Random;
  readonly files: Files;
  readonly log: Log;
  /** Told how long work takes; nobody is where it is missing. */
  readonly timings?: Timings;
}
