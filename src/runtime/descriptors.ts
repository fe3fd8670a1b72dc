// How many descriptors the process may open: from the C library, because Deno denies /proc to a
// program without all permissions.

/** Number of RLIMIT_NOFILE, and the C libraries that may be there. */
const SYSTEMS: Partial<Record<typeof Deno.build.os, { resource: number; libraries: string[] }>> = {
  linux: { resource: 7, libraries: ["libc.so.6", "libc.so"] },
  darwin: { resource: 8, libraries: ["libSystem.B.dylib"] },
};

/** The limit of open descriptors, or null where it cannot be known. */
export function descriptorLimit(): number | null {
  const system = SYSTEMS[Deno.build.os];
  for (const library of system?.libraries ?? []) {
    try {
      return askLibrary(library, system?.resource ?? 0);
    } catch {
      // This machine has another C library.
    }
  }
  return null;
}

function askLibrary(library: string, resource: number): number | null {
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
