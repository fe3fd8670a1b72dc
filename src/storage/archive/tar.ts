// One file of a folder's files: a tar archive (POSIX), written and read as a stream. It holds plain
// files only; a name that leads out of the folder is refused.
import { createTarDecoder, createTarPacker } from "modern-tar";
import type { Files } from "../../core/types.ts";

const HEADER_BYTES = 512;
const MAGIC = { text: "ustar", at: 257 };
const FILE_MODE = 0o600;
/** Archives of equal folders are equal. */
const NO_TIME = new Date(0);

/** Writes the files below a folder into one archive, in the order of their names. */
export async function packFolder(files: Files, folder: string, path: string, mode: number) {
  const { readable, controller } = createTarPacker();
  const addAll = async () => {
    for (const name of (await files.tree(folder)).sort()) {
      const size = await files.size(`${folder}/${name}`) ?? 0;
      const body = controller.add({ name, size, mode: FILE_MODE, mtime: NO_TIME });
      await (await files.stream(`${folder}/${name}`)).pipeTo(body);
    }
    controller.finalize();
  };
  const adding = addAll().catch((error) => {
    controller.error(error);
    throw error;
  });
  await Promise.all([adding, files.writeStream(path, readable, mode)]);
}

/** Whether a file begins like an archive that this program wrote. */
export async function isTar(files: Files, path: string): Promise<boolean> {
  // A pipe would keep the reader waiting.
  if (!await files.isFile(path)) return false;
  const head = await files.readRange(path, 0, HEADER_BYTES).catch(() => null);
  const magic = head?.subarray(MAGIC.at, MAGIC.at + MAGIC.text.length);
  return new TextDecoder().decode(magic) === MAGIC.text;
}

/** Writes the files of an archive below a folder. Rejects with what is wrong with it. */
export async function unpackTar(files: Files, path: string, folder: string, mode: number) {
  const entries = (await files.stream(path)).pipeThrough(createTarDecoder({ strict: true }));
  for await (const { header: { name, type }, body } of entries) {
    if (type === "directory") {
      await body.cancel();
      continue;
    }
    if (type !== "file") throw new Error("the archive holds what is no plain file");
    const parent = safeName(name).split("/").slice(0, -1).join("/");
    await files.makeDir(parent === "" ? folder : `${folder}/${parent}`);
    await files.writeStream(`${folder}/${name}`, body, mode);
  }
}

/** A name is a path below the folder, and nothing else. */
function safeName(name: string): string {
  const parts = name.split("/");
  const isSafe = !name.includes("\\") && !name.includes("\0") &&
    parts.every((part) => part !== "" && part !== "." && part !== "..");
  if (isSafe) return name;
  throw new Error("a name in the archive leads out of it");
}
