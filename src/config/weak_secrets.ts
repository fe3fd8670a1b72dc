// Secrets that are too short to keep anybody out. A new server refuses them; one that holds data
// starts with a warning, for it may have been set up with another program.
import { isPasswordHash } from "../auth/password.ts";
import { PASSWORD_CHARS_MIN, SECRET_BYTES_MIN } from "../core/limits.ts";

/** The settings that are judged, by their names. */
export interface Secrets {
  readonly secret: string | null;
  readonly admin_password: string | null;
}

/** A setting that is too weak, and a sentence that says so without its value. */
export interface WeakSecret {
  readonly name: keyof Secrets;
  readonly sentence: string;
}

/** Every weak secret in the settings. */
export function weakSecrets({ secret, admin_password }: Secrets): WeakSecret[] {
  const weak: WeakSecret[] = [];
  if (secret !== null && new TextEncoder().encode(secret).length < SECRET_BYTES_MIN) {
    weak.push({
      name: "secret",
      sentence: `MALLARD_SECRET is short: with fewer than ${SECRET_BYTES_MIN} bytes visitor ids ` +
        "can be recomputed from addresses",
    });
  }
  if (
    admin_password !== null && !isPasswordHash(admin_password) &&
    [...admin_password].length < PASSWORD_CHARS_MIN
  ) {
    weak.push({
      name: "admin_password",
      sentence: `MALLARD_ADMIN_PASSWORD is short: with fewer than ${PASSWORD_CHARS_MIN} ` +
        "characters it can be guessed",
    });
  }
  return weak;
}
