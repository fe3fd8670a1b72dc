// Tells a service manager such as systemd that the server is ready, stops, and still answers. Where
// none started the process, nothing is told.
import { messageOf } from "../core/errors.ts";
import type { Clock, Log } from "../core/types.ts";

/** How the manager is told. */
export interface ServiceManager {
  /** The server answers everything. From now on it is watched, where the manager wants that. */
  ready(): void;
  stopping(): void;
}

/** What the process was given by its manager. */
export interface ManagerEnvironment {
  readonly NOTIFY_SOCKET?: string;
  readonly WATCHDOG_USEC?: string;
  readonly WATCHDOG_PID?: string;
}

/**
 * The manager of this process. `answers` resolves with whether the server answers a request; while
 * it does not, the watchdog is not told, and the manager restarts the server.
 */
export function serviceManager(
  env: ManagerEnvironment,
  pid: number,
  send: (path: string, text: string) => boolean,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  answers: () => Promise<boolean>,
): ServiceManager {
  const { NOTIFY_SOCKET: path = "", WATCHDOG_USEC: usec = "", WATCHDOG_PID: watched } = env;
  let hasFailed = false;
  const tell = (text: string) => {
    if (path === "" || send(path, text) || hasFailed) return;
    hasFailed = true;
    log("warn", "Cannot tell the service manager", { text });
  };
  const everyMs = Math.floor(Number(usec) / 2000);
  const isWatched = everyMs > 0 && (watched === undefined || watched === String(pid));
  let end: (() => void) | null = null;
  const watch = async () => {
    try {
      if (await answers()) tell("WATCHDOG=1");
    } catch (error) {
      log("error", "The server does not answer itself", { reason: messageOf(error) });
    }
  };
  return {
    ready() {
      tell("READY=1\nSTATUS=Ready");
      if (isWatched) end ??= clock.every(everyMs, () => void watch());
    },
    stopping() {
      end?.();
      tell("STOPPING=1\nSTATUS=Stopping");
    },
  };
}
