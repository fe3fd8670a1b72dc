// /api/keys: creates, lists and revokes API keys.
import type { ApiKeys } from "../../auth/api_keys.ts";
import { AppError } from "../../core/errors.ts";
import { API_KEY_NAME_CHARS_MAX } from "../../core/limits.ts";
import { changeTexts, withoutControls } from "../../core/text.ts";
import type { Clock } from "../../core/types.ts";
import { readJsonObject } from "../../http/body.ts";
import { json } from "../../http/response.ts";
import type { Route } from "../../http/route.ts";
import type { KeyScope } from "../../storage/state/ops/owner_ops.ts";

/** Routes of the API keys. */
export function keyRoutes(keys: ApiKeys, clock: Clock): Route[] {
  return [
    {
      method: "POST",
      path: "/api/keys",
      right: "admin",
      handle: async ({ request }) => {
        const { name, scope } = checkNewKey(await readJsonObject(request, clock));
        return json(await keys.create(name, scope), 201);
      },
    },
    {
      method: "GET",
      path: "/api/keys",
      right: "admin",
      handle: () =>
        json(
          keys.list().map((key) => ({
            key_hash: key.key_hash,
            name: key.name,
            scope: key.scope,
            created_at: new Date(key.created_at).toISOString(),
            revoked: key.revoked,
          })),
        ),
    },
    {
      method: "DELETE",
      path: "/api/keys/:key_hash",
      right: "admin",
      handle: async ({ params }) => {
        if (!await keys.revoke(params["key_hash"] ?? "")) {
          throw new AppError("not_found", "Cannot revoke the key: no key has this hash");
        }
        return json({ status: "revoked" });
      },
    },
  ];
}

function checkNewKey(
  body: Readonly<Record<string, unknown>>,
): { name: string; scope: KeyScope } {
  const { name, scope } = changeTexts(body, withoutControls);
  if (typeof name !== "string" || name === "" || [...name].length > API_KEY_NAME_CHARS_MAX) {
    throw new AppError(
      "bad_request",
      "Cannot create the key: `name` is not a string of " +
        `1 to ${API_KEY_NAME_CHARS_MAX} characters`,
    );
  }
  if (scope !== "ReadOnly" && scope !== "Admin") {
    throw new AppError(
      "bad_request",
      "Cannot create the key: `scope` is neither ReadOnly nor Admin",
    );
  }
  return { name, scope };
}
