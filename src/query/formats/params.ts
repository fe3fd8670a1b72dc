// What the readers of other programs' parameters share.
import { AppError } from "../../core/errors.ts";

/** The refusal of a parameter. */
export function unreadable(name: string, why: string): AppError {
  return new AppError("bad_request", `Cannot read ${name}: ${why}`);
}
