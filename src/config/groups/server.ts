// Settings of the server itself: where it listens, TLS, proxies, the end of the process, its log.
import { TRUSTED_PROXIES_DEFAULT } from "../../net/proxies.ts";
import { basePath, choice, host, listOf, network, NETWORKS, path, wholeNumber } from "../kinds.ts";
import { row } from "./row.ts";

/** Rows of the server itself. */
export const SERVER_SETTINGS = {
  host: row({
    env: "MALLARD_HOST",
    kind: host,
    default: "0.0.0.0",
    doc: "Address to listen on; 127.0.0.1 for this machine only, :: for IPv6 too.",
  }),
  port: row({
    env: "MALLARD_PORT",
    kind: wholeNumber(0, 65_535),
    default: 8000,
    doc: "Port to listen on; 0 takes any free one.",
  }),
  ingest_workers: row({
    env: "MALLARD_INGEST_WORKERS",
    kind: wholeNumber(1, 16),
    default: 1,
    doc: "Threads that read requests, on Linux; with 1, the main thread does.",
  }),
  base_path: row({
    env: "MALLARD_BASE_PATH",
    kind: basePath,
    default: "",
    shown: "none",
    doc: "Path under which everything is served, such as /stats.",
  }),
  tls_cert_path: row<string | null>({
    env: "MALLARD_TLS_CERT_PATH",
    kind: path,
    default: null,
    example: "/etc/mallard/fullchain.pem",
    doc: "Certificate chain (PEM); with tls_key_path the server speaks TLS. SIGHUP reads it again.",
  }),
  tls_key_path: row<string | null>({
    env: "MALLARD_TLS_KEY_PATH",
    kind: path,
    default: null,
    example: "/etc/mallard/privkey.pem",
    doc: "Private key (PEM) of the certificate.",
  }),
  trusted_proxies: row({
    env: "MALLARD_TRUSTED_PROXIES",
    kind: listOf(NETWORKS, network),
    default: Object.freeze([...TRUSTED_PROXIES_DEFAULT]),
    shown: "loopback, private",
    doc: "Proxies whose X-Forwarded-For and X-Real-IP are trusted, or names of CDNs: SECURITY.md.",
  }),
  shutdown_timeout_secs: row({
    env: "MALLARD_SHUTDOWN_TIMEOUT",
    kind: wholeNumber(1, 3600),
    default: 30,
    doc: "Time limit for finishing requests and writing events at shutdown.",
  }),
  log_format: row({
    env: "MALLARD_LOG_FORMAT",
    kind: choice("text", "json"),
    default: "text",
    doc: "Format of log lines: text or json.",
  }),
} as const;
