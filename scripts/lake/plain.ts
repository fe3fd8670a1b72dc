// Lakes for tests and runs of hours: new ones on running servers, and what is in them as somebody
// reads it who does not have this program.
import { type Parts, python, sqlOf } from "./parts.ts";

/** The settings of a new lake: a database of its own, a prefix of its own. */
export async function newLake(parts: Parts, name: string): Promise<Record<string, string>> {
  await sqlOf(parts, `create database ${name}`);
  return {
    ...parts.env,
    MALLARD_LAKE_CATALOG: `postgresql://lake@127.0.0.1:${parts.postgresPort}/${name}`,
    MALLARD_LAKE_DATA_PATH: `s3://mallard/${name}/`,
  };
}

/**
 * DuckDB of PyPI over a lake, as somebody would use it who does not have this program, but that it
 * does not check the signatures of the extensions, which takes most of the time.
 */
const READ = `
import duckdb, json, os, sys
e = os.environ
quote = lambda text: "'" + text.replace("'", "''") + "'"
c = duckdb.connect(config={"allow_unsigned_extensions": "true"})
c.execute("set enable_progress_bar = false")
for name in ["httpfs", "postgres_scanner", "ducklake"]:
    folder = f"{e['MALLARD_EXTENSION_DIR']}/duckdb_extension_{name}/extensions"
    file = f"{folder}/v{duckdb.__version__}/{name}.duckdb_extension"
    c.execute(f"load {quote(file)}")
host, database = e["MALLARD_LAKE_CATALOG"].split("@")[1].split("/")
address, port = host.split(":")
c.execute(f"create secret (type postgres, host {quote(address)}, port {port}, user 'lake',"
    f" database {quote(database)}, password {quote(e['MALLARD_LAKE_PASSWORD'])})")
c.execute(f"create secret (type s3, key_id 'key', secret 'secret', url_style 'path', use_ssl false,"
    f" endpoint {quote(e['MALLARD_S3_ENDPOINT'].split('//')[1])})")
c.execute("attach 'ducklake:postgres:' as lake (read_only)")
rows = c.execute(sys.argv[1]).fetchall()
print(json.dumps(rows, default=str))
`;

/** Rows of a query over a lake, by plain DuckDB; the lake is attached as `lake`. */
export async function plainRows(
  parts: Parts,
  env: Readonly<Record<string, string>>,
  query: string,
): Promise<unknown[][]> {
  return JSON.parse(await python(parts, READ, [query], env));
}
