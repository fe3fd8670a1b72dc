// What stands behind an error of DuckDB, PostgreSQL or the bucket, in a sentence that the owner can
// act on. The texts of the errors are theirs: tests make each of them happen.
import { messageOf } from "../../core/errors.ts";

/** What the sentences name. */
export interface FaultPlaces {
  /** The catalog for people. */
  readonly catalog: string;
  readonly dataPath: string;
  /** Origin of the bucket's server. */
  readonly endpoint: string | null;
}

/** What may be tried again, for it can be over in a moment. */
const PASSING = [
  /Failed to commit/,
  /Failed to execute query "(BEGIN|COMMIT|ROLLBACK)/,
  /\bconflict/i,
  /could not serialize|deadlock detected/,
  /server closed the connection|terminating connection|connection to server .* failed/i,
  /connection (already closed|has been closed|not open)|SSL SYSCALL|no connection to the server/i,
  /the database system is (starting up|shutting down|in recovery)|recovery mode/,
  /Connection refused|Connection reset|could not receive data|could not send data/i,
  /Could not connect to server|Could not establish connection|HTTP (429|5\d\d)|timed? ?out/i,
];

/** Whether the same may succeed in a moment. */
export function isPassing(error: unknown): boolean {
  const message = messageOf(error);
  return PASSING.some((pattern) => pattern.test(message)) && !LASTING.test(message);
}

/**
 * Whether a commit failed because another came first. DuckLake removes the files that such a one
 * inserted, and leaves those that it merged, and those of one that failed in another way.
 */
export function isCollision(error: unknown): boolean {
  const message = messageOf(error);
  return COLLIDED.test(message) && !CUT.test(message);
}

const COLLIDED = /Failed to commit.*(duplicate key|conflict|could not serialize|retry count)/is;
const CUT = /closed|terminat|refused|reset|could not (receive|send)|SSL SYSCALL|no connection/i;

/** Whether a file of the lake is gone, or is none, by what stands behind a sentence. */
export function isUnreadable(error: unknown): boolean {
  const message = messageOf(error instanceof Error && error.cause ? error.cause : error);
  const own = withoutNames(message.replace(/ in: .*$/s, ""));
  return UNREADABLE.some((pattern) => pattern.test(own)) && !isPassing(own);
}

/** A message without what stands in quotes: names of files may hold anything. */
export function withoutNames(message: string): string {
  return message.replace(/"[^"]*"|'[^']*'/g, "");
}

const UNREADABLE = [
  /\b404\b|HTTP 416|No files found|Cannot open file/i,
  /No magic bytes|too small to be a Parquet|not a parquet|Invalid footer/i,
];

/** Whether another server made the catalog's tables at the same moment: they are there now. */
export function isMadeMeanwhile(error: unknown): boolean {
  return MADE_MEANWHILE.test(messageOf(error));
}

const MADE_MEANWHILE =
  /Failed to initialize DuckLake.*(duplicate key value|already exists|tuple concurrently)/s;

const LASTING = /authentication failed|no password supplied|does not exist|permission denied/;

type Say = (places: FaultPlaces, match: RegExpExecArray) => string;

const SENTENCES: readonly [RegExp, Say][] = [
  [
    /Failed to download extension "?(\w+)/,
    (_, [, name]) =>
      `the extension ${name} cannot be downloaded; set extension_dir to a folder that has it`,
  ],
  [
    /password authentication failed|no password supplied/,
    ({ catalog }) => `PostgreSQL refuses the password for ${catalog}`,
  ],
  [
    /database "([^"]*)" does not exist/,
    (_, [, name]) => `PostgreSQL has no database called ${name}; create it`,
  ],
  [/role "([^"]*)" does not exist/, (_, [, name]) => `PostgreSQL has no user called ${name}`],
  [
    /permission denied for ([^\n]*)/,
    (_, [, what]) => `PostgreSQL does not permit it: permission denied for ${what}`,
  ],
  [
    /does not match existing data path in the catalog "([^"]*)"/,
    ({ dataPath }, [, path]) =>
      `the lake's files are in ${path}, and lake_data_path is ${dataPath}`,
  ],
  [
    /creating a new DuckLake is explicitly disabled|Existing DuckLake .* does not exist/i,
    ({ catalog }) => `there is no lake in ${catalog}; mallard lake import makes one`,
  ],
  [
    /RequestTimeTooSkewed|difference between the request time and the/i,
    () => "the clock of this machine is off: the bucket refuses the time of the request",
  ],
  [
    /NoSuchBucket|bucket does not exist/i,
    ({ dataPath }) => `there is no bucket for ${dataPath}; create it`,
  ],
  [
    /HTTP 403|\(403\)|403 Forbidden|Authentication Failure|AccessDenied/i,
    ({ dataPath }) => `the bucket refuses the access key for ${dataPath}; check MALLARD_S3_KEY_ID`,
  ],
  [
    /Could not connect to server|Could not establish connection/,
    ({ endpoint, dataPath }) => `no server answers at ${endpoint ?? dataPath}`,
  ],
  [
    /catalog version is ([\d.]+), but the extension requires version ([\d.]+)/,
    (_, [, found, wanted]) =>
      `its catalog is of DuckLake ${found}, and this program's extension needs ${wanted}`,
  ],
  [
    /built (?:specifically )?for DuckDB version '?([^' ]+)/,
    (_, [, version]) => `an extension is for DuckDB ${version}; this program has another version`,
  ],
];

/** The sentence for an error; `tried` opens it. */
export function lakeError(tried: string, error: unknown, places: FaultPlaces): Error {
  const message = messageOf(error);
  for (const [pattern, say] of SENTENCES) {
    const match = pattern.exec(message);
    if (match) return new Error(`${tried}: ${say(places, match)}`, { cause: error });
  }
  const unreachable = /Unable to connect to Postgres[^\n]*?: ([^\n]*)/.exec(message)?.[1];
  if (unreachable !== undefined) {
    return new Error(`${tried}: PostgreSQL is out of reach: ${unreachable}`, { cause: error });
  }
  const [first] = message.split("\n");
  // DuckLake begins with its own sentence, which says nothing of why.
  const said = /\bERROR: +([^\n]*)/.exec(message)?.[1];
  const why = said === undefined || first?.includes(said) ? first : `PostgreSQL says: ${said}`;
  return new Error(`${tried}: ${why}`, { cause: error });
}
