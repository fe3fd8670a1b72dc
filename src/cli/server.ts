// How commands ask the running server: through the socket of DATA_DIR, as its owner.
import { askOwnServer } from "../runtime/owner_socket.ts";
import { type CommandContext, dataDirOf } from "./command.ts";

/** A request to the server's API. */
export interface ServerRequest {
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE";
  /** Path below the base path. */
  readonly path: string;
  readonly body?: unknown;
}

/**
 * The JSON that the server answers. Rejects with the server's own sentence where it refuses, and
 * with one of its own where no server answers; `tried` opens it.
 */
export async function askServer(
  { config }: CommandContext,
  tried: string,
  { method = "GET", path, body }: ServerRequest,
): Promise<unknown> {
  const dataDir = dataDirOf(config);
  const response = await askOwnServer(dataDir, config.base_path + path, {
    method,
    ...body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { "content-type": "application/json" } },
  });
  if (response === null) {
    throw new Error(
      `${tried}: no server answers on ${dataDir}; start it, and run this as its user`,
    );
  }
  if (!response.ok) throw new Error(await refusalOf(response, tried));
  const text = await response.text();
  return text === "" ? null : JSON.parse(text);
}

/** The server's own sentence of a refusal, else one with its status; `tried` opens it. */
export async function refusalOf(response: Response, tried: string): Promise<string> {
  const text = await response.text();
  return errorOf(text) ?? `${tried}: the server answers ${response.status}`;
}

/** The `error` of a refusal; null where the answer is none. */
function errorOf(text: string): string | null {
  try {
    const { error }: { error?: unknown } = JSON.parse(text);
    return typeof error === "string" ? error : null;
  } catch {
    return null;
  }
}
