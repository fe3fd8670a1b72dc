import assert from "node:assert/strict";
import * as duckdb from "@duckdb/node-api";
import { sql } from "../../../src/core/sql.ts";
import { Sites } from "../../../src/sites/sites.ts";
import { runCommand } from "../../support/command.ts";
import { customEvent, pageview } from "../../support/events.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import { accept, EVER, openFolder, withFolder } from "../../support/storage/storage.ts";

const AT = Date.UTC(2024, 0, 15, 12) * 1000;
const TOKEN = "9f86d081884c7d659a2feaa0c55ad015";

const run = (folder: string, ...args: string[]) =>
  runCommand(folder, "privacy-audit", args, { loadDuckDb: () => Promise.resolve(duckdb) });

async function fill(folder: string): Promise<void> {
  const storage = await openFolder(folder);
  const sites = await Sites.open(storage.store, fakeSystem().clock);
  await sites.put("tokens.example", { mask_tokens: true });
  await sites.put("plain.example", { mask_emails: false });
  for (const site_id of ["example.com", "tokens.example", "plain.example"]) {
    const referrer = `https://a.example/?mail=jo%40example.org&t=${TOKEN}`;
    await accept(storage, [
      pageview({ at: AT, site_id, page: "/u/jo@example.org", referrer }),
      pageview({ at: AT + 1, site_id, page: "/plain" }),
    ]);
    await storage.flusher.flush();
    const props = '{"mail":"jo@example.org","n":1.50}';
    await accept(storage, [customEvent({ at: AT + 2, site_id, name: "x", props })]);
  }
  await storage.close();
}

async function rowsOf(folder: string, site: string) {
  const storage = await openFolder(folder);
  const rows = await storage.reader.query(
    site,
    EVER,
    (events) => sql`select pathname, referrer, props from ${events} order by timestamp`,
  );
  const files = storage.fileCount();
  await storage.close();
  return { files, rows: rows.map((row) => Object.values(row)) };
}

Deno.test("privacy-audit offers to mask what is stored, and does so by site", async () => {
  await withFolder(async (folder) => {
    await fill(folder);
    const before = await run(folder);
    assert.match(before.text, /site_id=example.com, pathname: 1 value looks like an e-mail/);
    assert.match(before.text, /run `mallard privacy-audit mask`/);
    assert.match(before.text, /site_id=example.com, referrer: 1 value has a long token or id/);
    assert.match(before.text, /Set mask_tokens/);
    assert.equal(before.ok, false);

    assert.match((await run(folder, "mask")).text, /^Masked 6 texts in 4 files\.\n$/);
    const props = '{"mail":"(mail)","n":1.50}';
    const masked = (token: string) => [
      ["/u/(mail)", `https://a.example/?mail=(mail)&t=${token}`, null],
      ["/plain", null, null],
      ["/", null, props],
    ];
    assert.deepEqual((await rowsOf(folder, "example.com")).rows, masked(TOKEN));
    assert.deepEqual((await rowsOf(folder, "tokens.example")).rows, masked("(token)"));
    const { files, rows } = await rowsOf(folder, "plain.example");
    assert.equal(rows[0]?.[0], "/u/jo@example.org", "its owner wants them kept");
    assert.equal(files, 6);

    assert.equal((await run(folder, "mask")).text, "Masked 0 texts in 0 files.\n");
    const after = (await run(folder)).text;
    assert.ok(!/site_id=(example\.com|tokens\.example).*e-mail/.test(after), after);
    await assert.rejects(() => run(folder, "wipe"), /it is not mask/);
  });
});
