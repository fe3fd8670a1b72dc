// What only the doctor asks of the machine: kinds of file systems, rights of files, free ports, the
// end of a certificate, and answers over the network within a time limit.
import { X509Certificate } from "node:crypto";
import { statfs } from "node:fs/promises";
import { SECOND_MS } from "../core/durations.ts";
import { descriptorLimit } from "./c_library.ts";

const FETCH_MS_MAX = 5 * SECOND_MS;
const ANSWER_CHARS_MAX = 4096;

/** File systems by the number that Linux has for them. */
const FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, "nfs"],
  [0x517b, "smb"],
  [0xfe534d42, "smb"],
  [0xff534d42, "cifs"],
  [0x65735546, "fuse"],
  [0x01021997, "9p"],
  [0x01021994, "tmpfs"],
  [0x858458f6, "ramfs"],
  [0x794c7630, "overlay"],
  [0xef53, "ext4"],
  [0x58465342, "xfs"],
  [0x9123683e, "btrfs"],
  [0x2fc12fc1, "zfs"],
]);

/** An answer over the network. */
export interface ProbeAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Its beginning. */
  readonly text: string;
}

/** What the doctor asks of the machine. */
export interface Probes {
  /** Name of a folder's file system, or null where it is not known. */
  fileSystemOf(folder: string): Promise<string | null>;
  /** Permission bits of a file, or null where there is none or the system has no such bits. */
  modeOf(path: string): Promise<number | null>;
  /** When a file was changed last, in milliseconds since 1970; null where there is none. */
  changedMs(path: string): Promise<number | null>;
  /** Why the port cannot be listened on; null when it is free. */
  portFault(host: string, port: number): string | null;
  /** The end of the first certificate in a PEM text, in milliseconds since 1970. */
  certificateEndMs(pem: string): number;
  /** Memory of the machine in bytes; null when unknown. */
  machineBytes(): number | null;
  /** The limit of open files; null when unknown. */
  descriptorLimit(): number | null;
  /** Asks a URL without following redirects. Rejects where there is no answer in time. */
  ask(url: string): Promise<ProbeAnswer>;
}

/** The real machine. */
export const realProbes: Probes = {
  async fileSystemOf(folder) {
    if (Deno.build.os !== "linux") return null;
    return FILE_SYSTEMS.get((await statfs(folder)).type) ?? null;
  },
  async modeOf(path) {
    const found = await Deno.stat(path).catch(() => null);
    const mode = found?.mode ?? null;
    return mode === null ? null : mode & 0o777;
  },
  changedMs: async (path) => (await Deno.stat(path).catch(() => null))?.mtime?.getTime() ?? null,
  portFault(hostname, port) {
    try {
      Deno.listen({ hostname, port }).close();
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  },
  certificateEndMs: (pem) => Date.parse(new X509Certificate(pem).validTo),
  machineBytes: () => Deno.systemMemoryInfo().total || null,
  descriptorLimit,
  async ask(url) {
    const signal = AbortSignal.timeout(FETCH_MS_MAX);
    const response = await fetch(url, { redirect: "manual", signal });
    const text = (await response.text()).slice(0, ANSWER_CHARS_MAX);
    return { status: response.status, headers: response.headers, text };
  },
};
