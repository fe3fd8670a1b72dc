import assert from "node:assert/strict";
import { isPassing, isUnreadable, lakeError } from "../../../src/storage/lake/faults.ts";

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

Deno.test("isUnreadable() finds files that are gone or none, whatever they are called", () => {
  const file = "http://s3/mallard/main/events/site_id%3D404.example/date%3D2026-01-02/a.parquet";
  for (
    const text of [
      `HTTP Error: HTTP GET error reading '${file}' in region '' (HTTP 404 Not Found) in: select 1`,
      `HTTP Error: Unable to connect to URL "${file}": 404 (Not Found).`,
      `Invalid Input Error: File '${file}' too small to be a Parquet file`,
      `Invalid Input Error: No magic bytes found at end of file '${file}'`,
      `Invalid Input Error: Invalid footer length provided for file '${file}'`,
      `HTTP Error: HTTP GET error reading '${file}' in region '' (HTTP 416 Range Not Satisfiable)`,
      'IO Error: Cannot open file "/lake/a.parquet": No such file or directory',
    ]
  ) {
    assert.equal(isUnreadable(text), true, text);
    const told = lakeError("Cannot erase from the lake", text, PLACES);
    assert.equal(isUnreadable(told), true, text);
  }
  for (
    const text of [
      `HTTP Error: HTTP GET error reading '${file}' in region '' (HTTP 403 Forbidden)`,
      "HTTP Error: HTTP GET error (HTTP 403 Forbidden) in: select 1 where site_id = 404",
      `HTTP Error: HTTP GET error reading '${file}' in region '' (HTTP 503 Service Unavailable)`,
      "Out of Memory Error: could not allocate block",
    ]
  ) assert.equal(isUnreadable(text), false, text);
});
