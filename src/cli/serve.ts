// `mallard serve`: listens, starts the app, and stops it at a signal.
import { type App, createApp } from "../app.ts";
import type { Config } from "../config/load.ts";
import { messageOf } from "../core/errors.ts";
import { listen, type Listener, onStopSignal, print } from "../runtime/process.ts";
import type { Command, CommandContext } from "./command.ts";

/** Connections that are still open at stop get this long to end by themselves. */
const LINGER_MS = 2000;

/** The row of COMMANDS. */
export const SERVE = {
  args: ["[FILE]"],
  doc: "start the server, with the settings in FILE if given; the default",
  run: async (context) => {
    const { config, warnings, system, host } = context;
    for (const warning of warnings) system.log("warn", warning);
    const app = createApp(config, system, host);
    const listener = openListener(config, app, context);
    const stopped = new Promise<string>((resolve) => onStopSignal(resolve))
      .then((signal) => stop(signal, listener, app, context));
    const ready = app.start().then(() => print(readyLine(config, host.version, listener.port)));
    // A signal may come while the app starts.
    await Promise.race([ready, stopped]);
    await stopped;
    return { text: "", ok: true };
  },
} as const satisfies Command;

function openListener(config: Config, app: App, { system }: CommandContext): Listener {
  try {
    return listen(config, (request, peer) => app.handle(request, { peer }), system.log);
  } catch (error) {
    throw new Error(`Cannot listen on ${listeningPlace(config)}: ${messageOf(error)}`);
  }
}

async function stop(
  signal: string,
  listener: Listener,
  app: App,
  { system: { clock, log } }: CommandContext,
): Promise<void> {
  log("info", "Stopping", { signal });
  await Promise.race([listener.close(), clock.sleep(LINGER_MS)]);
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

/** The host as it stands in a URL: `localhost` where the server listens on every address. */
function hostInUrl(host: string): string {
  if (["0.0.0.0", "::"].includes(host)) return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}
