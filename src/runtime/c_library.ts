// What only the C library can do: tell the limit of open descriptors, read the files of /proc and
// /sys, which the runtime closes to a program without every permission, list threads, shut sockets
// down, send datagrams to a Unix socket, and give memory back.

/** The C libraries that a system may have, its numbers of RLIMIT_NOFILE and SIGUSR1. */
const SYSTEMS: Partial<
  Record<typeof Deno.build.os, { noFile: number; userSignal: number; libraries: string[] }>
> = {
  linux: {
    noFile: 7,
    userSignal: 10,
    libraries: ["libc.so.6", "libc.so", "libc.musl-x86_64.so.1"],
  },
  darwin: { noFile: 8, userSignal: 30, libraries: ["libSystem.B.dylib"] },
};

/** SIG_IGN, on all systems. */
const SIGNAL_IGNORED = 1n;
/** SHUT_RDWR, on all systems. */
const SHUT_BOTH = 2;

/** Longer than what the kernel hands out at once. */
const PIECE_BYTES = 16_384;

/** The limit of open descriptors, or null where it cannot be known. */
export function descriptorLimit(): number | null {
  const { noFile = 0 } = SYSTEMS[Deno.build.os] ?? {};
  return firstLibrary((library) => askLimit(library, noFile));
}

/** The text of a file of /proc or /sys; null if it is missing, or outside Linux. */
export function readSystemFile(path: string): string | null {
  return Deno.build.os === "linux" ? firstLibrary((library) => readFile(library, path)) : null;
}

/** Where the name begins in an entry of a folder, of 64-bit Linux. */
const ENTRY_NAME_AT = 19;

/**
 * A way to list the threads of this process by their ids; null outside Linux. The library stays
 * open, for threads are listed again and again.
 */
export function openThreadList(): (() => number[]) | null {
  if (Deno.build.os !== "linux") return null;
  return firstLibrary((library) => {
    const { opendir, readdir, closedir } = Deno.dlopen(library, {
      opendir: { parameters: ["buffer"], result: "pointer" },
      readdir: { parameters: ["pointer"], result: "pointer" },
      closedir: { parameters: ["pointer"], result: "i32" },
    }).symbols;
    const path = new TextEncoder().encode("/proc/self/task\0");
    return () => {
      const folder = opendir(path);
      if (folder === null) return [];
      const ids: number[] = [];
      for (let entry = readdir(folder); entry !== null; entry = readdir(folder)) {
        const id = Number(Deno.UnsafePointerView.getCString(entry, ENTRY_NAME_AT));
        if (id > 0) ids.push(id);
      }
      closedir(folder);
      return ids;
    };
  });
}

/**
 * Has the system discard SIGUSR1. Call it after a listener was added: the runtime opens its
 * debugger at this signal, beside all listeners, but sets up each signal only once.
 */
export function discardUserSignal(): void {
  const { userSignal } = SYSTEMS[Deno.build.os] ?? {};
  if (userSignal === undefined) return;
  firstLibrary((library) => {
    const opened = Deno.dlopen(library, {
      signal: { parameters: ["i32", "usize"], result: "usize" },
    });
    opened.symbols.signal(userSignal, SIGNAL_IGNORED);
    opened.close();
    return true;
  });
}

/**
 * Ends the process without the end of its libraries, which would take down what a thread of theirs
 * may still use: DuckDB's, while it waits for a server that hangs. Returns where it cannot.
 */
export function exitAtOnce(status: number): void {
  firstLibrary((library) => {
    const opened = Deno.dlopen(library, { _exit: { parameters: ["i32"], result: "void" } });
    opened.symbols._exit(status);
    return true;
  });
}

/** Calls on sockets by their descriptors. */
export interface SocketCalls {
  /** The address of the other end as the system writes it; null where there is none. */
  peerOf(descriptor: number): DataView | null;
  /** Ends both directions. */
  shutDown(descriptor: number): void;
}

/** The library stays open. Null where it cannot be used. */
export function openSocketCalls(): SocketCalls | null {
  return firstLibrary((library) => {
    const { getpeername, shutdown } = Deno.dlopen(library, {
      getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
      shutdown: { parameters: ["i32", "i32"], result: "i32" },
    }).symbols;
    const address = new Uint8Array(128);
    const length = new Uint32Array(1);
    const lengthBytes = new Uint8Array(length.buffer);
    return {
      peerOf(descriptor) {
        length[0] = address.length;
        if (getpeername(descriptor, address, lengthBytes) !== 0) return null;
        return new DataView(address.buffer, 0, Math.min(length[0], address.length));
      },
      shutDown(descriptor) {
        shutdown(descriptor, SHUT_BOTH);
      },
    };
  });
}

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SUN_PATH_BYTES = 108;

/** Sends one datagram to a Unix socket of Linux; `@` begins an abstract name. False if it fails. */
export function sendDatagram(path: string, text: string): boolean {
  if (Deno.build.os !== "linux") return false;
  const name = new TextEncoder().encode(path.startsWith("@") ? `\0${path.slice(1)}` : path);
  if (name.length >= SUN_PATH_BYTES) return false;
  const address = new Uint8Array(2 + name.length + (path.startsWith("@") ? 0 : 1));
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(name, 2);
  return firstLibrary((library) => sendTo(library, address, new TextEncoder().encode(text))) ??
    false;
}

function sendTo(library: string, address: Uint8Array<ArrayBuffer>, data: Uint8Array<ArrayBuffer>) {
  const opened = Deno.dlopen(library, {
    socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
    sendto: {
      parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"],
      result: "isize",
    },
    close: { parameters: ["i32"], result: "i32" },
  });
  const { socket, sendto, close } = opened.symbols;
  try {
    const descriptor = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (descriptor < 0) return false;
    const sent = sendto(descriptor, data, BigInt(data.length), 0, address, address.length);
    close(descriptor);
    return Number(sent) === data.length;
  } finally {
    opened.close();
  }
}

/** MADV_DONTNEED, on Linux. */
const NOT_NEEDED = 4;
/** `from-to rights offset device inode path` begins what /proc/self/smaps tells of a mapping. */
const READ_ONLY_FILE = /^([0-9a-f]+)-([0-9a-f]+) r-([x-])p [0-9a-f]+ \S+ [1-9]\d* +(\/.*)/;

/**
 * Gives the system, on Linux, what it can have again: memory that is free in the allocator, and
 * pages of programs and libraries, which are read from their files again when they are used.
 */
export function releaseMemory(): void {
  const maps = readSystemFile("/proc/self/smaps");
  if (maps === null) return;
  firstLibrary((library) => {
    const opened = Deno.dlopen(library, {
      malloc_trim: { parameters: ["usize"], result: "i32", optional: true },
      madvise: { parameters: ["usize", "usize", "i32"], result: "i32" },
    });
    opened.symbols.malloc_trim?.(0n); // Of glibc alone.
    for (const { from, bytes } of unchangedFiles(maps)) {
      opened.symbols.madvise(from, bytes, NOT_NEEDED);
    }
    opened.close();
    return true;
  });
}

/**
 * The read-only mappings of programs and libraries without a page that differs from its file, as
 * linking makes. Other files may be unmapped at any time, and their place be used again.
 */
export function unchangedFiles(smaps: string): { from: bigint; bytes: bigint }[] {
  const mappings = smaps.split(/^(?=[0-9a-f]+-)/m).flatMap((text) => {
    const [, from, to, code, path] = READ_ONLY_FILE.exec(text) ?? [];
    if (from === undefined) return [];
    const [start, end] = [BigInt(`0x${from}`), BigInt(`0x${to}`)];
    const isUnchanged = /^Anonymous: +0 kB$/m.test(text);
    return [{ from: start, bytes: end - start, isCode: code === "x", path, isUnchanged }];
  });
  const programs = new Set(mappings.filter(({ isCode }) => isCode).map(({ path }) => path));
  return mappings.filter(({ path, isUnchanged }) => isUnchanged && programs.has(path))
    .map(({ from, bytes }) => ({ from, bytes }));
}

function firstLibrary<T>(ask: (library: string) => T | null): T | null {
  for (const library of SYSTEMS[Deno.build.os]?.libraries ?? []) {
    try {
      return ask(library);
    } catch {
      // This machine has another C library.
    }
  }
  return null;
}

function askLimit(library: string, resource: number): number | null {
  const opened = Deno.dlopen(library, {
    getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  });
  try {
    const limits = new BigUint64Array(2);
    if (opened.symbols.getrlimit(resource, new Uint8Array(limits.buffer)) !== 0) return null;
    // "Unlimited" is the greatest number there is; no safe integer, and no use as a limit.
    const soft = Number(limits[0]);
    return Number.isSafeInteger(soft) ? soft : null;
  } finally {
    opened.close();
  }
}

function readFile(library: string, path: string): string | null {
  const opened = Deno.dlopen(library, {
    open: { parameters: ["buffer", "i32"], result: "i32" },
    read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
    close: { parameters: ["i32"], result: "i32" },
  });
  const { open, read, close } = opened.symbols;
  try {
    const descriptor = open(new TextEncoder().encode(`${path}\0`), 0);
    if (descriptor < 0) return null;
    const decoder = new TextDecoder();
    const piece = new Uint8Array(PIECE_BYTES);
    let text = "";
    let count: number;
    while ((count = Number(read(descriptor, piece, BigInt(piece.length)))) > 0) {
      text += decoder.decode(piece.subarray(0, count), { stream: true });
    }
    close(descriptor);
    return count < 0 ? null : text + decoder.decode();
  } finally {
    opened.close();
  }
}
