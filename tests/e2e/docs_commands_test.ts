// Every command of the documents is run against a real server in a temporary folder. What a test
// cannot run is listed with its reason, and the list has nothing that the documents no longer say.
import assert from "node:assert/strict";
import { ROOT } from "../../scripts/lib.ts";
import { fromSource } from "../../scripts/server_process.ts";
import { type ReadyServer, startReady } from "../support/server/ready_server.ts";
import { openDuckDb } from "../support/storage/duckdb.ts";
import { gzipped } from "../support/storage/imports.ts";
import { datesFrom, plausibleTables, plausibleZip } from "../support/storage/plausible_export.ts";
import { withFolder } from "../support/storage/storage.ts";

/** What is not run here, and why. */
const NOT_RUN: readonly (readonly [begins: RegExp, why: string])[] = [
  [
    /^(npx|deno task) /,
    "tasks are run by their own tests; tests/scripts/docs_more_test.ts names them",
  ],
  [/^systemctl /, "needs systemd as process 1; tests/e2e/service_test.ts"],
  [/^(export MALLARD_SECRET=.*openssl|docker )/, "needs a container engine"],
  [/^dpkg /, "changes this machine; tests/scripts/deploy/deb_test.ts does it in a root of its own"],
  [/^nano /, "an editor"],
  [/^(gh attestation|sha256sum --check .*SHA256SUMS|install .*mallard-linux)/, "needs a release"],
  [/^duckdb /, "DuckDB's own program is not part of this one; its statement is run beside it"],
  [
    /^(export MALLARD_(LAKE|S3)_|mallard lake )/,
    "needs PostgreSQL and a bucket; lake_kill_test.ts",
  ],
  [
    /^(for t in website_event|unzip .*umami|pg_dump|mysqldump|bq |curl "https:\/\/matomo)/,
    "needs that program",
  ],
  [
    /^mallard import (website_event|umami|matomo|visits|events_|days|Site\.csv)/,
    "its importer's test",
  ],
  [/^mallard import --follow/, "does not end; tests/e2e/import_follow_test.ts"],
  [/^mallard rollback$/, "needs an older program's folder; tests/cli/rollback_test.ts"],
];

const SITE = "example.com";
const BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0";
const GOATCOUNTER =
  "1Path,Title,Event,Bot,Session,FirstVisit,Referrer,Referrer scheme,Browser,Screen size," +
  'Location,Date\n/a,T,false,0,s1,true,,,,"1,1,1",DE,2024-01-02T10:00:00Z\n';
const LOG = '203.0.113.9 - - [01/Mar/2024:10:00:00 +0000] "GET /a HTTP/1.1" 200 512 "-" ' +
  `"${BROWSER}"\n`;

const DOCUMENTS = [
  "README.md",
  "SECURITY.md",
  ...[...Deno.readDirSync(`${ROOT}docs`)].map(({ name }) => `docs/${name}`)
    .filter((path) => path.endsWith(".md")).sort(),
];

/** Commands of the shell blocks of a document; one that goes on over lines is one. */
function commandsOf(text: string): string[] {
  const commands: string[] = [];
  for (const [, block = ""] of text.matchAll(/^ *```sh\n([^]*?)^ *```/gm)) {
    let open = "";
    for (const line of block.replaceAll("\\\n", "").split("\n")) {
      open += `${line}\n`;
      const isWhole = (open.split('"').length % 2 === 1) && (!/\bdo$|; do\n/.test(open) ||
        /\bdone\b/.test(open));
      if (!isWhole) continue;
      const command = open.replace(/\s+# [^\n]*$/gm, "").trim();
      if (command !== "" && !command.startsWith("#")) commands.push(command);
      open = "";
    }
    assert.equal(open.trim(), "", `a command of a block goes on after its end: ${open}`);
  }
  return commands;
}

/** The folder that the commands run in, with what they name. */
async function prepare(folder: string): Promise<void> {
  const program = fromSource();
  const words = [program.command, ...program.args].map((word) => `'${word}'`).join(" ");
  await Deno.mkdir(`${folder}/bin`);
  await Deno.writeTextFile(`${folder}/bin/mallard`, `#!/bin/sh\nexec ${words} "$@"\n`, {
    mode: 0o755,
  });
  await Deno.writeTextFile(`${folder}/mallard.toml`, `data_dir = "${folder}/data"\n`);
  await Deno.mkdir(`${folder}/nginx`);
  await Deno.writeTextFile(`${folder}/nginx/access.log`, LOG);
  await Deno.writeFile(`${folder}/nginx/access.log.2.gz`, await gzipped(LOG.replace("/a", "/b")));
  await Deno.writeFile(`${folder}/export.csv.gz`, await gzipped(GOATCOUNTER));
  const tables = plausibleTables(datesFrom("2023-05-01", 3));
  await Deno.writeFile(`${folder}/export.zip`, plausibleZip(tables));
}

/** Sites that the commands about sites speak of. */
async function fill(server: ReadyServer): Promise<void> {
  for (const site of [SITE, "shop.example", "spam1.example", "invented.example"]) {
    const body = JSON.stringify({ d: site, n: "pageview", u: `https://${site}/blog` });
    const headers = { "user-agent": BROWSER };
    const sent = await fetch(`${server.url}/api/event`, { method: "POST", headers, body });
    assert.equal(sent.status, 202, await sent.text());
  }
}

Deno.test("every command of the documents runs, but for those that are listed", async () => {
  await withFolder(async (folder) => {
    await prepare(folder);
    const dataDir = `${folder}/data`;
    const env = { MALLARD_NEW_SITES: "propose" };
    const server = await startReady(dataDir, env);
    const shell = async (command: string) => {
      const done = await new Deno.Command("bash", {
        args: ["-euo", "pipefail", "-c", command],
        cwd: folder,
        env: { PATH: `${folder}/bin:${Deno.env.get("PATH")}`, MALLARD_DATA_DIR: dataDir, ...env },
        stdin: "null",
      }).output();
      const text = new TextDecoder();
      return { code: done.code, out: text.decode(done.stdout), err: text.decode(done.stderr) };
    };
    try {
      assert.equal((await shell(`mallard sites create ${SITE}`)).code, 0);
      await fill(server);
      const key = (await shell("mallard keys create docs --scope Admin")).out.trim();
      let importId = "";
      const here = (command: string) =>
        command.replaceAll(/http:\/\/localhost:8000|https:\/\/stats\.example\.com/g, server.url)
          .replaceAll("mm_…", key)
          .replaceAll("/etc/mallard/mallard.toml", `${folder}/mallard.toml`)
          .replaceAll("/mnt/other-disk/", `${folder}/`).replaceAll("/var/lib/new", `${folder}/new`)
          .replaceAll("/var/log/nginx/", `${folder}/nginx/`)
          .replaceAll("FILE…", "export.csv.gz").replace(/\bundo ID$/, `undo ${importId}`)
          .replace(/^curl /, "curl -fsSg ");
      const unused = new Set(NOT_RUN);
      let ran = 0;
      for (const path of DOCUMENTS) {
        for (const command of commandsOf(await Deno.readTextFile(ROOT + path))) {
          const listed = NOT_RUN.find(([begins]) => begins.test(command));
          if (listed) unused.delete(listed);
          if (listed) continue;
          const { code, out, err } = await shell(here(command));
          // The doctor finds what it finds: that it ran is told by its summary.
          const isFine = code === 0 || (/^mallard doctor/.test(command) && /fail/.test(out));
          assert.ok(
            isFine,
            `${path}: ${command}\nexit code ${code}\n${out}\n${err}`.slice(0, 3000),
          );
          importId = /^Import ([0-9a-f-]{36}) into/.exec(out)?.[1] ?? importId;
          ran++;
        }
      }
      assert.ok(ran >= 20, `${ran} commands`);
      await askStatements(server, key);
      assert.deepEqual([...unused].map(([begins]) => String(begins)), [], "listed for nothing");
    } finally {
      assert.equal(await server.stop(), 0, server.output().slice(-2000));
    }
    await runStatement(dataDir);
    await checkSettings(folder, shell);
  });
});

/** The statement of README.md for DuckDB's own program, over the files that the server wrote. */
async function runStatement(dataDir: string): Promise<void> {
  const readme = await Deno.readTextFile(`${ROOT}README.md`);
  const [, statement = ""] = /^duckdb -c "([^"]+)"/m.exec(readme) ?? [];
  const duckdb = await openDuckDb();
  try {
    const rows = await duckdb.rows(statement.replace("'data/", `'${dataDir}/`));
    assert.ok(rows.length >= 1 && Number(rows[0]?.["pageviews"]) > 0, statement);
  } finally {
    duckdb.close();
  }
}

/** Every statement of docs/sql.md is answered. */
async function askStatements(server: ReadyServer, key: string): Promise<void> {
  const text = await Deno.readTextFile(`${ROOT}docs/sql.md`);
  const statements = [...text.matchAll(/^```sql\n([^]*?)^```/gm)].map(([, query = ""]) => query);
  assert.ok(statements.length > 0);
  for (const query of statements) {
    const response = await fetch(`${server.url}/api/sql`, {
      method: "POST",
      headers: { "x-api-key": key, "content-type": "application/json" },
      body: JSON.stringify({ site_id: SITE, query }),
    });
    assert.equal(response.status, 200, `${query}${await response.text()}`);
  }
}

/** Every block of settings is a file that the program takes. */
async function checkSettings(
  folder: string,
  shell: (command: string) => Promise<{ readonly code: number; readonly out: string }>,
): Promise<void> {
  let blocks = 0;
  for (const path of DOCUMENTS) {
    const text = await Deno.readTextFile(ROOT + path);
    for (const [, block = ""] of text.matchAll(/^ *```toml\n([^]*?)^ *```/gm)) {
      await Deno.writeTextFile(`${folder}/block.toml`, block);
      const { code, out } = await shell("mallard config check --config block.toml");
      assert.equal(code, 0, `${path}: ${out}`);
      blocks++;
    }
  }
  assert.ok(blocks >= 2, `${blocks} blocks`);
}
