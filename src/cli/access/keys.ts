// `mallard keys`: lists, creates and revokes API keys of the running server.
import {
  asJson,
  type Command,
  type CommandContext,
  type CommandResult,
  JSON_OPTION,
  succeeded,
} from "../command.ts";
import { askServer } from "../server.ts";

const SCOPES = ["ReadOnly", "Admin"] as const;

interface Key {
  readonly key_hash: string;
  readonly name: string;
  readonly scope: string;
  readonly created_at: string;
  readonly revoked: boolean;
}

/** The row of COMMANDS. */
export const KEYS = {
  args: ["[list|create|revoke]", "[NAME|HASH]"],
  doc:
    "list API keys; create NAME: make one and print it, this once; revoke HASH: end one, named " +
    "by the beginning of its hash. The server must be running",
  actions: ["list", "create", "revoke"],
  options: {
    scope: { type: "string", value: "SCOPE", doc: "ReadOnly (default) or Admin, for create" },
    json: JSON_OPTION,
  },
  example: "mallard keys create 'Grafana' --scope ReadOnly",
  run: async (context) => {
    const [action = "list", name] = context.args;
    if (action === "list" && name === undefined) return await list(context);
    if (action === "create" && name !== undefined) return await create(context, name);
    if (action === "revoke" && name !== undefined) return await revoke(context, name);
    throw new Error(`Cannot run keys ${action}: it is list, create NAME or revoke HASH`);
  },
} as const satisfies Command;

async function allKeys(context: CommandContext): Promise<readonly Key[]> {
  return await askServer(context, "Cannot list keys", { path: "/api/keys" }) as readonly Key[];
}

async function list(context: CommandContext): Promise<CommandResult> {
  const keys = await allKeys(context);
  if (context.options?.["json"]) return asJson(keys);
  if (keys.length === 0) return succeeded("There are no keys");
  return succeeded(
    keys.map(({ key_hash, name, scope, created_at, revoked }) =>
      [key_hash.slice(0, 12), scope.padEnd(8), created_at, revoked ? "revoked" : "valid  ", name]
        .join("  ")
    ).join("\n"),
  );
}

async function create(context: CommandContext, name: string): Promise<CommandResult> {
  const { scope = "ReadOnly", json } = context.options ?? {};
  if (!SCOPES.some((one) => one === scope)) {
    throw new Error(`Cannot create the key: --scope ${scope} is neither ${SCOPES.join(" nor ")}`);
  }
  const made = await askServer(context, "Cannot create the key", {
    method: "POST",
    path: "/api/keys",
    body: { name, scope },
  }) as { readonly key: string };
  return json ? asJson(made) : succeeded(made.key);
}

async function revoke(context: CommandContext, start: string): Promise<CommandResult> {
  const found = (await allKeys(context)).filter(({ key_hash, revoked }) =>
    !revoked && start !== "" && key_hash.startsWith(start)
  );
  const [key] = found;
  if (key === undefined || found.length > 1) {
    const count = key === undefined ? "no valid key has" : `${found.length} keys have`;
    throw new Error(`Cannot revoke ${start}: ${count} a hash that begins so`);
  }
  await askServer(context, "Cannot revoke the key", {
    method: "DELETE",
    path: `/api/keys/${key.key_hash}`,
  });
  return context.options?.["json"]
    ? asJson({ key_hash: key.key_hash, status: "revoked" })
    : succeeded(`Revoked ${key.name}`);
}
