// The command that sets the owner's password, run as its own process.
import assert from "node:assert/strict";
import { fromSource } from "../../../scripts/server_process.ts";

/** Runs `mallard reset-password` with a password on its standard input; what it says. */
export async function resetPassword(
  settings: Readonly<Record<string, string>>,
  password: string,
): Promise<string> {
  const { command, args, env } = fromSource();
  const child = new Deno.Command(command, {
    args: [...args, "reset-password"],
    env: { ...env, ...settings },
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(`${password}\n`));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
