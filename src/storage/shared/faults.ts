// What stands behind an error of the PostgreSQL client: whether the connection is lost, whether the
// same may succeed in a moment, and a sentence that the owner can act on.
import { AppError, messageOf } from "../../core/errors.ts";
import { lakeError } from "../lake/faults.ts";

const NO_PLACES = { dataPath: "", endpoint: null };

/** Codes of PostgreSQL for a connection that ends, and of the system for one that cannot be had. */
const ENDED = /^(08...|57P0[1-5]|25P0[34])$/;
const UNREACHED = /^(ECONN\w+|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|ENOENT|EAI_\w+)$/;
const LOST_TEXT =
  /Connection terminated|timeout expired|Query read timeout|connection was closed|not queryable/i;
/** Serialization failures, deadlocks, locks and statements that took too long, no room. */
const AGAIN = /^(40001|40P01|55P03|57014|53\d\d\d)$/;

/** It has as many sessions as it takes. */
const FULL = "53300";

/** A statement or its values are wrong: a fault of this program, no state of the server. */
const OF_PROGRAM = /^(22|23|42)(?!501)/;

/** The client's own words. */
const NO_PASSWORD = /client password must be/;

/** What is wrong with TLS, in the client's words and in ours. */
const TLS_FAULTS: readonly [RegExp, string][] = [
  [/does not support SSL/, "it has no TLS, and the sslmode in lake_catalog wants it"],
  [
    /does not match certificate's altnames|ERR_TLS_CERT_ALTNAME_INVALID|NotValidForName/,
    "its certificate is not for the host in lake_catalog",
  ],
  [
    /certificate has expired|CERT_HAS_EXPIRED|not yet valid/,
    "its certificate has expired, or is not valid yet",
  ],
  [
    /verify the first certificate|self.signed|local issuer|UnknownIssuer|UNABLE_TO_/i,
    "its certificate is by no authority that this machine trusts; name the authority's in " +
    "DENO_CERT, and as sslrootcert in lake_catalog",
  ],
];

/** PostgreSQL did not do it, and may do it later. */
export class PostgresFault extends Error {
  override readonly name = "PostgresFault";
  /** Whether a transaction may have been committed all the same. */
  readonly mayBeDone: boolean;

  constructor(message: string, options: { cause?: unknown; mayBeDone?: boolean } = {}) {
    super(message, options);
    this.mayBeDone = options.mayBeDone ?? false;
  }
}

/** Whether a connection is lost, or cannot be made. */
export function isLost(error: unknown): boolean {
  const code = codeOf(error);
  return ENDED.test(code) || UNREACHED.test(code) || LOST_TEXT.test(messageOf(error));
}

/** Whether PostgreSQL answers, and takes no further session: those that there are go on. */
export function isFull(error: unknown): boolean {
  return codeOf(error instanceof PostgresFault ? error.cause : error) === FULL;
}

/** Whether the same may succeed in a moment. */
export function isPassing(error: unknown): boolean {
  return isLost(error) || AGAIN.test(codeOf(error)) ||
    error instanceof PostgresFault && isPassing(error.cause);
}

/** A fault that the owner is told in a sentence; an error of the program stays as it is. */
export function postgresError(
  tried: string,
  error: unknown,
  catalog: string,
  mayBeDone = false,
): Error {
  if (error instanceof AppError || error instanceof PostgresFault && !mayBeDone) return error;
  const code = codeOf(error);
  const tlsFault = tlsFaultOf(error);
  if (tlsFault !== null) {
    return new PostgresFault(`${tried} (${catalog}): ${tlsFault}`, { cause: error, mayBeDone });
  }
  const lacksPassword = NO_PASSWORD.test(messageOf(error));
  if (!(error instanceof Error) || code === "" && !lacksPassword && !isLost(error)) {
    return asError(error);
  }
  if (OF_PROGRAM.test(code)) return error;
  const found = lacksPassword ? "no password supplied" : error;
  const reason = isLost(error)
    ? `${tried}: PostgreSQL is out of reach (${catalog}): ${messageOf(error)}`
    : lakeError(tried, found, { ...NO_PLACES, catalog }).message;
  return new PostgresFault(reason, { cause: error, mayBeDone });
}

/** What is wrong with TLS; null where something else is. */
function tlsFaultOf(error: unknown): string | null {
  const said = `${codeOf(error)} ${messageOf(error)}`;
  return TLS_FAULTS.find(([pattern]) => pattern.test(said))?.[1] ?? null;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** The code that PostgreSQL or the system gives; empty where there is none. */
export function codeOf(error: unknown): string {
  const code = (Object(error) as { code?: unknown }).code;
  return typeof code === "string" ? code : "";
}
