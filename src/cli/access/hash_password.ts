// `mallard hash-password`: prints the hash of a password.
import { hashPassword } from "../../auth/password.ts";
import { type Command, succeeded } from "../command.ts";

/** The row of COMMANDS. */
export const HASH_PASSWORD = {
  args: [],
  doc: "read a password from standard input and print its hash for MALLARD_ADMIN_PASSWORD",
  example: "mallard hash-password < password.txt",
  run: async ({ system, readInput }) =>
    succeeded(await hashPassword(system.random, withoutNewline(await readInput()))),
} as const satisfies Command;

/** A line of input without its end. */
export function withoutNewline(input: string): string {
  return input.replace(/\r?\n$/, "");
}
