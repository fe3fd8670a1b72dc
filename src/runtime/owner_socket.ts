// The local socket of DATA_DIR: commands of the folder's owner ask a running server through it. Who
// may open it is decided by the rights of the file, as for mallard.sqlite itself.
import { OWNER_PEER } from "../core/access.ts";
import { messageOf } from "../core/errors.ts";
import type { Log } from "../core/types.ts";
import type { Handle } from "./listener.ts";

const NAME = ".owner.sock";
/** Systems have room for 104 bytes at least, the end mark included. */
const PATH_BYTES_MAX = 103;

/** An open socket. */
export interface OwnerSocket {
  close(): Promise<void>;
}

/**
 * Opens the socket; the folder must be locked by this process. Where it cannot be opened the server
 * runs without it, with a line in the log.
 */
export function openOwnerSocket(folder: string, handle: Handle, log: Log): OwnerSocket {
  const path = `${folder}/${NAME}`;
  const none: OwnerSocket = { close: () => Promise.resolve() };
  if (Deno.build.os === "windows") return none;
  try {
    requireShort(path);
    remove(path);
    const server = Deno.serve(
      { path, onListen: () => {}, onError: () => new Response(null, { status: 500 }) },
      (request) => handle(request, { peer: OWNER_PEER, isExcess: false, onStream: () => {} }),
    );
    Deno.chmodSync(path, 0o600);
    return {
      async close() {
        // What fails here must not keep events from being written.
        try {
          await server.shutdown();
          remove(path);
        } catch (error) {
          log("warn", "Cannot close the socket for commands", { reason: messageOf(error) });
        }
      },
    };
  } catch (error) {
    log("warn", "Cannot open the socket for commands: they work without the server", {
      path,
      reason: messageOf(error),
    });
    return none;
  }
}

/** Asks the server that runs on a folder. Null where none answers. */
export async function askOwnServer(
  folder: string,
  path: string,
  init: RequestInit = {},
): Promise<Response | null> {
  // The whole answer, so that the client can be closed.
  return await withOwnAnswer(folder, path, init, async (response) => {
    try {
      return new Response(await response.text(), response);
    } catch (error) {
      if (error instanceof TypeError) return null;
      throw error;
    }
  });
}

/** Asks the same, and reads the answer while it comes in; it is closed when `read` ends. */
export async function withOwnAnswer<T>(
  folder: string,
  path: string,
  init: RequestInit,
  read: (response: Response) => Promise<T>,
): Promise<T | null> {
  const socket = `${folder}/${NAME}`;
  if (Deno.build.os === "windows" || !await exists(socket)) return null;
  requireShort(socket);
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
  const options: RequestInit & { client: Deno.HttpClient } = { ...init, client };
  let response;
  try {
    response = await fetch(`http://localhost${path}`, options);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
  try {
    return await read(response);
  } finally {
    await response.body?.cancel().catch(() => {});
  }
}

function requireShort(path: string): void {
  const { length } = new TextEncoder().encode(path);
  if (length <= PATH_BYTES_MAX) return;
  throw new Error(`Cannot use the socket ${path}: its path has ${length} bytes, more than 103`);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
