// Processes whose wall clock is moved, by libfaketime and a file that says by how much; their
// running time is not.

const TRIED = "+365d";

/** The library of Debian's package `libfaketime`; null where the runtime cannot be fooled by it. */
export async function findFaketime(): Promise<string | null> {
  for (const triple of ["x86_64-linux-gnu/", "aarch64-linux-gnu/", ""]) {
    const path = `/usr/lib/${triple}faketime/libfaketimeMT.so.1`;
    if (await Deno.stat(path).then(() => true, () => false) && await isHonoured(path)) return path;
  }
  console.log("skipped: libfaketime is not installed, or the runtime does not honour it");
  return null;
}

async function isHonoured(library: string): Promise<boolean> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "console.log(Date.now())"],
    env: { LD_PRELOAD: library, FAKETIME: TRIED },
  }).output();
  return Number(new TextDecoder().decode(stdout)) > Date.now() + 300 * 86_400_000;
}

/** What a process is started with whose clock the file `file` moves. */
export function movedBy(library: string, file: string): Record<string, string> {
  return {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: "1",
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
  };
}

/** Moves the clocks to `by` beside the machine's, as `+365d` or `-60`. */
export async function moveClocks(file: string, by: string): Promise<void> {
  // The library must never read a file that is half written.
  await Deno.writeTextFile(`${file}.new`, `${by}\n`);
  await Deno.rename(`${file}.new`, file);
}
