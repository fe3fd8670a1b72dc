// How DuckDB reaches a lake: its extensions, the secrets of catalog and bucket, and the attached
// database. Statements only; lake.ts runs them.
import { ident, raw, type Sql, sql } from "../../core/sql.ts";
import type { Files } from "../../core/types.ts";
import { literal } from "../parquet/schema.ts";

/** Where a lake is, and what lets in. */
export interface LakeOptions {
  /** Address of the PostgreSQL database, as a URL or as `key=value` pairs. */
  readonly catalog: string;
  readonly password: string | null;
  /** `s3://`, `gs://` or a folder, with a slash at its end. */
  readonly dataPath: string;
  readonly s3: BucketAccess;
  /** Folder with the files of the extensions; null downloads them. */
  readonly extensionDir: string | null;
  /** Where downloaded extensions are kept. */
  readonly downloadDir: string;
}

/** How the bucket is reached. */
export interface BucketAccess {
  /** Origin of the server; null for Amazon's. */
  readonly endpoint: string | null;
  readonly region: string | null;
  readonly keyId: string | null;
  readonly secret: string | null;
  readonly sessionToken: string | null;
}

/** The name of the attached database. */
export const LAKE = "lake";

/** The name of its catalog, which DuckLake attaches beside it. */
export const CATALOG_NAME = `__ducklake_metadata_${LAKE}`;
/** The same in statements. */
export const CATALOG = ident(CATALOG_NAME);

const CATALOG_SECRET = "lake_catalog";
const BUCKET_SECRET = "lake_bucket";
const CONNECT_SECS = 10;
/** A server that answers nothing at all any more is noticed within a minute. */
const NOTICING =
  "tcp_user_timeout=30000 keepalives_idle=20 keepalives_interval=10 keepalives_count=3";

/** Extensions by the name of their file, in the order in which they are loaded. */
const EXTENSIONS = ["httpfs", "postgres_scanner", "ducklake"] as const;

/** Whether the files are in a bucket, and not in a folder. */
export function isBucket(dataPath: string): boolean {
  return /^(s3|gs):/.test(dataPath);
}

/**
 * Statements that load the extensions. Rejects with a sentence where the folder lacks one for this
 * version of DuckDB.
 */
export async function loading(
  files: Files,
  { extensionDir, downloadDir }: LakeOptions,
  version: string,
): Promise<Sql[]> {
  if (extensionDir === null) {
    // Of the repository's names only that one differs from its file's.
    const names = EXTENSIONS.map((name) => name.replace("_scanner", ""));
    return [
      sql`set extension_directory = ${literal(downloadDir)}`,
      ...names.flatMap((name) => [raw(`install ${name}`), raw(`load ${name}`)]),
    ];
  }
  return await Promise.all(EXTENSIONS.map(async (name) => {
    const path = await extensionFile(files, extensionDir, name, version);
    return sql`load ${literal(path)}`;
  }));
}

/** The file of an extension: as it is, in a folder of DuckDB's layout, or in that of a wheel. */
async function extensionFile(
  files: Files,
  folder: string,
  name: string,
  version: string,
): Promise<string> {
  const file = `${name}.duckdb_extension`;
  const wheel = `${folder}/duckdb_extension_${name}/extensions`;
  const platforms = (await files.list(`${folder}/${version}`))
    .filter(({ isDirectory }) => isDirectory)
    .map((platform) => `${folder}/${version}/${platform.name}`);
  for (const place of [folder, `${folder}/${version}`, ...platforms, `${wheel}/${version}`]) {
    if (await files.size(`${place}/${file}`) !== null) return `${place}/${file}`;
  }
  const others = [...await files.list(folder), ...await files.list(wheel)]
    .filter((entry) => /^v\d/.test(entry.name) && entry.name !== version);
  throw new Error(
    `extension_dir ${folder} has no ${file} for DuckDB ${version}` +
      (others.length > 0 ? `, only for ${others.map((entry) => entry.name).join(", ")}` : ""),
  );
}

/** Statements that make the secrets. They are never logged. */
export function secrets({ password, dataPath, s3 }: LakeOptions): Sql[] {
  // Without its other values the secret takes what the address says.
  const made = [secretOf(CATALOG_SECRET, { type: "postgres", password: password ?? "" })];
  if (!isBucket(dataPath)) return made;
  const isGoogle = dataPath.startsWith("gs:");
  const endpoint = s3.endpoint === null ? null : new URL(s3.endpoint);
  return [
    ...made,
    secretOf(BUCKET_SECRET, {
      type: isGoogle ? "gcs" : "s3",
      scope: dataPath,
      key_id: s3.keyId,
      secret: s3.secret,
      session_token: s3.sessionToken,
      region: s3.region,
      ...endpoint === null ? {} : {
        endpoint: endpoint.host,
        url_style: "path",
        use_ssl: String(endpoint.protocol === "https:"),
      },
    }),
  ];
}

function secretOf(name: string, values: Readonly<Record<string, string | null>>): Sql {
  const given = Object.entries(values).flatMap(([key, value]) =>
    value === null ? [] : [`${key} ${literal(value).text}`]
  );
  return raw(`create secret ${name} (${given.join(", ")})`);
}

/** The statement that attaches the lake; `mayMake` makes one where the database has none. */
export function attaching(
  { catalog, dataPath }: LakeOptions,
  { mayMake }: { readonly mayMake: boolean },
): Sql {
  const options = [
    `meta_secret ${literal(CATALOG_SECRET).text}`,
    "data_inlining_row_limit 0",
    // Only who makes a lake says where its files are; for others it is compared.
    `data_path ${literal(dataPath).text}`,
    `create_if_not_exists ${mayMake}`,
  ];
  const address = `ducklake:postgres:${keywordsOf(catalog)}`;
  return sql`attach ${literal(address)} as ${raw(LAKE)} (${raw(options.join(", "))})`;
}

/** The address as PostgreSQL's `key=value` pairs. */
export function keywordsOf(catalog: string): string {
  const wait = `connect_timeout=${CONNECT_SECS} ${NOTICING} application_name=mallard`;
  if (!/^postgres(ql)?:/i.test(catalog)) return `${wait} ${catalog}`;
  const { hostname, port, username, pathname, searchParams } = new URL(catalog);
  const pairs = Object.entries({
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port,
    user: decodeURIComponent(username),
    dbname: decodeURIComponent(pathname.slice(1)),
    ...Object.fromEntries(searchParams),
  });
  const given = pairs.filter(([, value]) => value !== "").map(([key, value]) =>
    `${key}='${value.replace(/[\\']/g, "\\$&")}'`
  );
  return [wait, ...given].join(" ");
}

/** The address for people: host and database. */
export function shownCatalog(catalog: string): string {
  const words = keywordsOf(catalog);
  const valueOf = (key: string) => new RegExp(`\\b${key}\\s*=\\s*'?([^'\\s]+)`).exec(words)?.[1];
  const port = valueOf("port");
  const host = valueOf("host") ?? "the local socket";
  return `${valueOf("dbname") ?? "the user's database"} on ${host}${port ? `:${port}` : ""}`;
}
