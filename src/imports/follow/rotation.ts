// Names of rotated logs: `access.log.1`, `access.log-20240501`, `access-20240501.log`, also packed.

/** The end of a packed file's name. */
export const GZIP = /\.gz$/i;
/** Files that are packed otherwise cannot be read. */
const OTHERWISE = /\.(?:bz2|xz|zst|lz4|Z)$/;

/** What of a folder's names may be a log that was rotated. */
export function rotatedNames(log: string, names: readonly string[]): string[] {
  const [stem = ""] = log.split(".", 1);
  return names.filter((name) =>
    name !== log && name.startsWith(stem || log) && !OTHERWISE.test(name)
  );
}

/** The file that was rotated after one of them; null where that is the log itself. */
export function nextOf(name: string, log: string, names: readonly string[]): string | null {
  const plain = name.replace(GZIP, "");
  const later = rotatedNames(log, names)
    .map((other) => ({ other, plain: other.replace(GZIP, "") }))
    .filter((one) => shapeOf(one.plain) === shapeOf(plain) && isLater(one.plain, plain, log))
    .sort((a, b) => isLater(a.plain, b.plain, log) ? 1 : isLater(b.plain, a.plain, log) ? -1 : 0);
  return later[0]?.other ?? null;
}

function shapeOf(name: string): string {
  return name.replace(/\d+/g, "0");
}

/** Numbers of files grow with their age, dates do not. */
function isLater(name: string, than: string, log: string): boolean {
  const ageOf = (one: string) => one.startsWith(`${log}.`) ? one.slice(log.length + 1) : "";
  const [age, other] = [ageOf(name), ageOf(than)];
  const isNumber = /^\d{1,5}$/;
  if (isNumber.test(age) && isNumber.test(other)) return Number(age) < Number(other);
  return name > than;
}
