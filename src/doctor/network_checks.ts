// Checks of what is outside: the port, the certificate, and the proxy, through which the server
// asks itself for its tracker by dashboard_origin.
import { SEEN_PATH, type SeenRequest } from "../api/doctor.ts";
import { DAY_MS } from "../core/durations.ts";
import { messageOf } from "../core/errors.ts";
import { parseAddress } from "../net/address.ts";
import { trustedProxies } from "../net/proxies.ts";
import { type Check, type DoctorContext, fail, ok, type Result, warn } from "./check.ts";

const CERTIFICATE_DAYS_WARN = 14;
const FORWARDED = ["x-forwarded-for", "x-real-ip", "forwarded"] as const;

/** Whether the port is this server's, or free. */
export const checkPort: Check = async ({ config, dataDir, server, probes, system }) => {
  const { host, port } = config;
  if (server !== null) return ok(port === 0 ? "any free one" : `${host}:${port}`);
  if (await system.files.size(`${dataDir}/mallard.pid`) !== null) {
    const pid = (await system.files.readText(`${dataDir}/mallard.pid`))?.trim();
    const answer = await probes.ask(`${ownUrl(config)}/health`).catch(() => null);
    if (answer?.text === "ok") return ok(`${host}:${port}, answered by process ${pid}`);
  }
  if (port === 0) return ok("any free one");
  const fault = probes.portFault(host, port);
  return fault === null ? ok(`${host}:${port} is free`) : fail(
    `${host}:${port}: ${fault}`,
    "stop the program that uses it (ss -ltnp), or choose another port",
  );
};

/** The end of the certificate. */
export const checkCertificate: Check = async ({ config, probes, system: { clock, files } }) => {
  const { tls_cert_path: path } = config;
  if (path === null) return ok("none: a proxy or plain HTTP");
  const pem = await files.readText(path).catch((error) => messageOf(error));
  if (pem === null) return fail(`there is no file ${path}`, "check tls_cert_path");
  let endMs: number;
  try {
    endMs = probes.certificateEndMs(pem);
  } catch (error) {
    return fail(`${path} is no certificate: ${messageOf(error)}`, "check tls_cert_path");
  }
  const days = Math.floor((endMs - clock.nowMs()) / DAY_MS);
  const found = `${path} ends in ${days} days`;
  if (days < 0) return fail(`${path} ended ${-days} days ago`, "renew it and send SIGHUP");
  return days < CERTIFICATE_DAYS_WARN ? warn(found, "renew it and send SIGHUP") : ok(found);
};

/** What a proxy sends: the server asks itself by dashboard_origin. */
export const checkProxy: Check = async (context) => {
  const { config, server, probes, system: { random } } = context;
  const origin = config.dashboard_origin;
  if (origin === null) {
    return ok("not asked: dashboard_origin is not set");
  }
  if (server === null) return ok("asked when the server runs");
  const nonce = random.uuid();
  const seen = server.expect(nonce);
  const url = `${origin}${config.base_path}${SEEN_PATH}?nonce=${nonce}`;
  let status: number;
  try {
    ({ status } = await probes.ask(url));
  } catch (error) {
    return fail(
      `${origin} does not answer: ${messageOf(error)}`,
      "check the name, the proxy and its certificate; a server that must not reach its own name " +
        "may ignore this",
    );
  }
  const request = await seen;
  if (request === null) {
    return fail(
      `${origin} answers ${status}, but not from this server`,
      "check where the proxy forwards to, and base_path",
    );
  }
  return judgeProxy(context, origin, request);
};

function judgeProxy(
  { config }: DoctorContext,
  origin: string,
  { peer, headers }: SeenRequest,
): Result {
  const sent = FORWARDED.filter((name) => headers.has(name));
  if (sent.length === 0) {
    return config.tls_cert_path !== null
      ? ok(`${origin} reaches this server without a proxy`)
      : new URL(origin).protocol === "http:"
      ? ok(`${origin} reaches this server; no proxy names a client`)
      : fail(
        "the proxy does not name its clients: all visitors have one address",
        'send X-Forwarded-For, as in "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for"',
      );
  }
  const direct = parseAddress(peer);
  if (direct === null || !trustedProxies(config.trusted_proxies).has(direct)) {
    return fail(
      `the proxy at ${peer} names its clients, but is not trusted`,
      `add ${peer} to trusted_proxies`,
    );
  }
  const host = headers.get("host");
  if (config.dashboard_origin !== null && host !== new URL(origin).host) {
    return warn(
      `the proxy sends Host: ${host}`,
      'send the name that was asked for, as in "proxy_set_header Host $host"',
    );
  }
  return ok(`the proxy at ${peer} sends ${sent.join(", ")}`);
}

/** Whether browsers get the tracker. */
export const checkTracker: Check = async ({ config, server, probes }) => {
  const { dashboard_origin: origin, base_path, port } = config;
  if (server === null) return ok("asked when the server runs");
  // Without a name for the server its own port is asked, which a certificate does not name.
  if (origin === null && (port === 0 || config.tls_cert_path !== null)) {
    return ok("not asked: dashboard_origin is not set");
  }
  const url = `${origin === null ? ownUrl(config) : origin + base_path}/mallard.js`;
  try {
    const { status, headers } = await probes.ask(url);
    const type = headers.get("content-type") ?? "no type";
    if (status === 200 && type.includes("javascript")) return ok(url);
    return fail(`${url} answers ${status} as ${type}`, "let the proxy pass this path as it is");
  } catch (error) {
    return fail(`${url} does not answer: ${messageOf(error)}`, "check port, proxy and firewall");
  }
};

/** The server by its own port, base path included. */
function ownUrl({ host, port, base_path, tls_cert_path }: DoctorContext["config"]): string {
  const scheme = tls_cert_path === null ? "http" : "https";
  const name = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host;
  return `${scheme}://${
    name.includes(":") && !name.startsWith("[") ? `[${name}]` : name
  }:${port}${base_path}`;
}
