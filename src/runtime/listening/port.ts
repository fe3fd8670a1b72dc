// The port as the settings say it: where to listen, with which certificate, and whose connections
// are counted.
import type { Clock, Log } from "../../core/types.ts";
import { parseAddress, rateLimitKey } from "../../net/address.ts";
import { trustedProxies } from "../../net/proxies.ts";
import { isLoopback } from "../../net/ranges.ts";
import type { Connections } from "../connections.ts";
import { type Handle, type Listener, openListener } from "../listener.ts";

/** The settings of a port. */
export interface PortOptions {
  readonly host: string;
  readonly port: number;
  readonly tls_cert_path: string | null;
  readonly tls_key_path: string | null;
  readonly trusted_proxies: readonly string[];
}

/** Whether connections to one port are spread over several listeners here. */
export function canShare(): boolean {
  return Deno.build.os === "linux";
}

/** Listens. Throws where the port or the certificate cannot be used. */
export function openPort(
  handle: Handle,
  connections: Connections,
  clock: Clock,
  log: Log,
  options: PortOptions,
  { isShared }: { readonly isShared: boolean },
): Listener {
  const trusted = trustedProxies(options.trusted_proxies);
  return openListener(handle, connections, clock, log, {
    host: options.host,
    port: options.port,
    isShared,
    certificate: certificateReader(options),
    addressKey: (peer) => {
      const address = parseAddress(peer);
      if (!address || isLoopback(peer) || trusted.has(address)) return null;
      return rateLimitKey(address.text);
    },
  });
}

/**
 * The port, where nobody listens on it. Throws where it or the certificate cannot be used: a shared
 * port would be given to another program, too.
 */
export function freePort(options: PortOptions): number {
  const { host: hostname, port } = options;
  const certificate = certificateReader(options);
  const listener = certificate === null
    ? Deno.listen({ hostname, port })
    : Deno.listenTls({ hostname, port, ...certificate() });
  const found = listener.addr.port;
  listener.close();
  return found;
}

/** Reads the files of a certificate, at start and at SIGHUP. */
function certificateReader({ tls_cert_path, tls_key_path }: PortOptions) {
  if (tls_cert_path === null || tls_key_path === null) return null;
  const read = (path: string) => {
    const text = Deno.readTextFileSync(path);
    if (text.trim() === "") throw new Error(`${path} is empty`);
    return text;
  };
  return () => ({ cert: read(tls_cert_path), key: read(tls_key_path) });
}
