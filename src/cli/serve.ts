// `mallard serve`: listens, starts the app, and stops it at a signal.
import { type App, createApp } from "../app.ts";
import type { Config } from "../config/load.ts";
import { OWNER_PEER } from "../core/access.ts";
import { messageOf } from "../core/errors.ts";
import { endsWithin } from "../core/timings/within.ts";
import { connectionsMaxOf, requestsMaxOf } from "../runtime/connections.ts";
import { openOwnerSocket, type OwnerSocket } from "../runtime/owner_socket.ts";
import { descriptorLimit } from "../runtime/c_library.ts";
import type { Host } from "../runtime/host.ts";
import type { Listener } from "../runtime/listener.ts";
import {
  listen,
  logDescriptorLimit,
  managerOf,
  onSignals,
  outliveRejections,
  printSoon,
} from "../runtime/process.ts";
import { type Command, type CommandContext, dataDirOf } from "./command.ts";

/** Connections that are still open at stop get this long to end by themselves. */
const LINGER_MS = 2000;

/** The row of COMMANDS. */
export const SERVE = {
  args: ["[FILE]"],
  doc: "start the server, with the settings in FILE if given; the default",
  settings: ["data_dir", "host", "port", "dashboard_origin", "admin_password"],
  example: "mallard serve /etc/mallard/mallard.toml",
  run: async (context) => {
    const { config, warnings, system, host: given } = context;
    outliveRejections(system.log);
    for (const warning of warnings) system.log("warn", warning);
    const limit = descriptorLimit();
    const connectionsMax = connectionsMaxOf(limit);
    const requestsMax = requestsMaxOf(connectionsMax, given.memoryBytes);
    const host: Host = {
      ...given,
      descriptorLimit: limit,
      connections: () => listener.counts(),
    };
    const app = createApp(config, system, host);
    const listener = openListener(config, app, { connectionsMax, requestsMax }, context);
    logDescriptorLimit(system.log, limit, connectionsMax);
    const reload = () => void reloadCertificate(config, listener, context);
    const manager = managerOf(system, () => answersItself(app, config));
    let socket: OwnerSocket | null = null;
    const closeSocket = async () => await socket?.close();
    const stopped = new Promise<string>((resolve) => onSignals(resolve, reload))
      .then((signal) => {
        manager.stopping();
        return stop(signal, { listener, app, closeSocket }, context);
      });
    const listening = listener.opened.catch((error) => {
      throw cannotListen(config, error);
    });
    const ready = Promise.all([app.start(), listening]).then(() => {
      // The folder is locked by now: the file of another server cannot be meant.
      socket = openOwnerSocket(dataDirOf(config), app.handle, system.log);
      printSoon(readyLine(config, host.version, listener.port));
      manager.ready();
    });
    // A signal may come while the app starts.
    await Promise.race([ready, stopped]);
    await stopped;
    return { text: "", ok: true };
  },
} as const satisfies Command;

/** Whether the app still answers; a disk that refuses events is no reason to start again. */
async function answersItself(app: App, { base_path }: Config): Promise<boolean> {
  const request = new Request(`http://localhost${base_path}/health`);
  return (await app.handle(request, { peer: OWNER_PEER })).ok;
}

function openListener(
  config: Config,
  app: App,
  limits: Parameters<typeof listen>[2],
  { system: { clock, log } }: CommandContext,
): ReturnType<typeof listen> {
  try {
    return listen(config, app.handle, limits, clock, log);
  } catch (error) {
    throw cannotListen(config, error);
  }
}

function cannotListen(config: Config, error: unknown): Error {
  return new Error(`Cannot listen on ${listeningPlace(config)}: ${messageOf(error)}`);
}

/** At SIGHUP; a certificate that cannot be used leaves the old one in use. */
async function reloadCertificate(
  { tls_cert_path }: Config,
  listener: Listener,
  { system: { log } }: CommandContext,
): Promise<void> {
  if (tls_cert_path === null) {
    return log("info", "Nothing to reload: no certificate is configured", { signal: "SIGHUP" });
  }
  try {
    await listener.reload();
    log("info", "Reloaded the certificate", { path: tls_cert_path });
  } catch (error) {
    log("error", "Cannot reload the certificate", {
      path: tls_cert_path,
      reason: messageOf(error),
    });
  }
}

async function stop(
  signal: string,
  { listener, app, closeSocket }: {
    readonly listener: Listener;
    readonly app: App;
    readonly closeSocket: () => Promise<void>;
  },
  { system: { clock, log } }: CommandContext,
): Promise<void> {
  log("info", "Stopping", { signal });
  // Nobody can connect once the listener closes: what takes long comes before.
  await app.settle();
  app.endStreams();
  const closing = Promise.all([listener.close(), closeSocket()]);
  await endsWithin(clock, LINGER_MS, closing);
  await app.stop();
  log("info", "Stopped");
}

/** Where the server should listen, and with which certificate. */
function listeningPlace({ host, port, tls_cert_path, tls_key_path }: Config): string {
  const place = `${host}:${port}`;
  return tls_cert_path === null
    ? place
    : `${place} with the certificate ${tls_cert_path} and the key ${tls_key_path}`;
}

function readyLine({ host, tls_cert_path, base_path }: Config, version: string, port: number) {
  const scheme = tls_cert_path === null ? "http" : "https";
  return `Mallard Metrics ${version} is ready: ${scheme}://${
    hostInUrl(host)
  }:${port}${base_path}/\n`;
}

/** The host for a URL: `localhost` if the server listens on every address. */
function hostInUrl(host: string): string {
  if (["0.0.0.0", "::"].includes(host)) return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}
