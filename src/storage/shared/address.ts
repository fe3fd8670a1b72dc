// The address of PostgreSQL as the client takes it, from the `key=value` pairs that libpq and
// DuckDB take.

/** How a connection is encrypted. */
export interface Tls {
  /** False for none. */
  readonly options: false | {
    readonly rejectUnauthorized: boolean;
    readonly checkServerIdentity?: () => undefined;
  };
  /** Whether a server that has no TLS is taken, too. */
  readonly isOptional: boolean;
}

/** Where the server is. */
export interface Address {
  readonly host: string;
  readonly port?: number;
  readonly user?: string;
  readonly database?: string;
  readonly tls: Tls;
}

const PAIR = /\s*([a-z_]+)\s*=\s*('(?:[^'\\]|\\.)*'|(?:[^\s\\]|\\.)*)/gy;
/** Where libpq looks for a server without an address. */
const LOCAL_SOCKET = "/var/run/postgresql";

/** The address in `key=value` pairs. Throws where a value of `sslmode` is not known. */
export function addressOf(keywords: string): Address {
  const pairs = new Map(
    [...keywords.matchAll(PAIR)].map(([, key = "", value = ""]) => [
      key,
      value.replace(/^'(.*)'$/s, "$1").replace(/\\(.)/gs, "$1"),
    ]),
  );
  const host = pairs.get("hostaddr") ?? pairs.get("host") ?? LOCAL_SOCKET;
  const [port, user, database] = ["port", "user", "dbname"].map((key) => pairs.get(key));
  return {
    host,
    ...port === undefined ? {} : { port: Number(port) },
    ...user === undefined ? {} : { user },
    ...database === undefined ? {} : { database },
    tls: host.startsWith("/") ? { options: false, isOptional: false } : tlsOf(pairs),
  };
}

/** The modes of libpq. */
function tlsOf(pairs: ReadonlyMap<string, string>): Tls {
  const mode = pairs.get("sslmode") ?? "prefer";
  const unchecked = { rejectUnauthorized: false };
  switch (mode) {
    case "disable":
    case "allow":
      return { options: false, isOptional: false };
    case "prefer":
      return { options: unchecked, isOptional: true };
    case "require":
      return { options: unchecked, isOptional: false };
    case "verify-ca":
      return {
        options: { rejectUnauthorized: true, checkServerIdentity: () => undefined },
        isOptional: false,
      };
    case "verify-full":
      return { options: { rejectUnauthorized: true }, isOptional: false };
    default:
      throw new Error(`lake_catalog has sslmode=${mode}, which is none of PostgreSQL's modes`);
  }
}
