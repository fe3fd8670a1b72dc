import assert from "node:assert/strict";
import { isPassing, lakeError } from "../../../src/storage/lake/faults.ts";

const PLACES = { catalog: "lake on db:5432", dataPath: "s3://bucket/lake/", endpoint: null };

Deno.test("lakeError() tells a failed download from a bucket out of reach", () => {
  // As DuckDB 1.5.5 says it where the machine has no internet.
  const download = 'IO Error: Failed to download extension "httpfs" at URL "http://extensions…"\n' +
    'Extension "httpfs" is an existing extension.\n\n(ERROR Could not establish connection)';
  assert.match(
    lakeError("Cannot open the lake", download, PLACES).message,
    /^Cannot open the lake: the extension httpfs cannot be downloaded; set extension_dir to/,
  );
  const bucket = "IO Error: Could not connect to server error for HTTP GET to 'https://…'";
  assert.equal(
    lakeError("Cannot open the lake", bucket, PLACES).message,
    "Cannot open the lake: no server answers at s3://bucket/lake/",
  );
});

Deno.test("isPassing() tries nothing again that stays as it is", () => {
  for (
    const text of [
      'connection to server at "db" failed: FATAL:  password authentication failed for user "x"',
      'connection to server at "db" failed: FATAL:  database "x" does not exist',
      "HTTP Error: … (HTTP 404 Not Found)",
      "HTTP Error: … (HTTP 403 Forbidden)",
      "Conversion Error: x",
    ]
  ) assert.equal(isPassing(text), false, text);
  for (
    const text of [
      "TransactionContext Error: Failed to commit: Failed to commit DuckLake transaction.",
      'Failed to execute query "COMMIT": server closed the connection unexpectedly',
      "FATAL:  the database system is starting up",
      "HTTP Error: … (HTTP 503 Service Unavailable)",
    ]
  ) assert.equal(isPassing(text), true, text);
});
