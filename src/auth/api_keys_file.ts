// DATA_DIR/api_keys.json in the format of the original program: read, never written. Damaged
// entries are logged and ignored.
import { messageOf } from "../core/errors.ts";
import { API_KEY_NAME_CHARS_MAX, API_KEYS_FILE_BYTES_MAX, API_KEYS_MAX } from "../core/limits.ts";
import { withoutControls } from "../core/text.ts";
import type { Files, Log } from "../core/types.ts";
import type { KeyRow } from "../storage/state/ops/owner_ops.ts";

/** The keys of the file; none when there is no file. Never rejects. */
export async function readKeysFile(files: Files, log: Log, path: string): Promise<KeyRow[]> {
  const ignore = (found: string) => {
    log("warn", `Cannot use api_keys.json: ${found}; it is ignored`);
    return [];
  };
  try {
    const bytes = await files.size(path);
    if (bytes === null) return [];
    if (bytes > API_KEYS_FILE_BYTES_MAX) return ignore(`it has ${bytes} bytes`);
    const list: unknown = JSON.parse(await files.readText(path) ?? "[]");
    if (!Array.isArray(list)) return ignore("it is not a list");
    if (list.length > API_KEYS_MAX) return ignore(`it lists ${list.length} keys`);
    const keys: KeyRow[] = [];
    list.forEach((entry, index) => {
      const key = keyOf(entry);
      if (key) keys.push(key);
      else log("warn", `Cannot use entry ${index + 1} of api_keys.json: it is damaged`);
    });
    return keys;
  } catch (error) {
    // The text of a syntax error quotes the file.
    return ignore(error instanceof SyntaxError ? "it is not JSON" : messageOf(error));
  }
}

function keyOf(entry: unknown): KeyRow | null {
  if (typeof entry !== "object" || entry === null) return null;
  const { key_hash, name, scope, created_at, revoked } = entry as Record<string, unknown>;
  if (typeof key_hash !== "string" || !/^[0-9a-f]{64}$/i.test(key_hash)) return null;
  if (typeof name !== "string" || name.length > 4 * API_KEY_NAME_CHARS_MAX) return null;
  if (scope !== "ReadOnly" && scope !== "Admin") return null;
  if (revoked !== undefined && typeof revoked !== "boolean") return null;
  return {
    key_hash: key_hash.toLowerCase(),
    name: withoutControls(name),
    scope,
    created_at: timeOf(created_at),
    revoked: revoked ?? false,
  };
}

/** Milliseconds of a time as text (UTC where it names no zone) or in seconds; else 1970. */
function timeOf(value: unknown): number {
  const text = String(value);
  const zoned = /[zZ]$|[+-]\d\d:?\d\d$/.test(text) ? text : `${text}Z`;
  const ms = typeof value === "number" ? value * 1000 : Date.parse(zoned);
  return Number.isFinite(ms) && Math.abs(ms) < 8.64e15 ? Math.floor(ms) : 0;
}
