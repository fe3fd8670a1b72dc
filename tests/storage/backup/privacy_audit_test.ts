import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
import * as duckdb from "@duckdb/node-api";
import {
  auditData,
  type AuditReport,
  auditText,
} from "../../../src/storage/backup/privacy_audit.ts";
import { Db } from "../../../src/storage/duckdb.ts";
import { customEvent, pageview } from "../../support/events.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import { accept, openFolder, withFolder } from "../../support/storage/storage.ts";

const AT = Date.UTC(2024, 0, 15, 12) * 1000;

async function audit(folder: string): Promise<AuditReport> {
  const db = await Db.open(duckdb, fakeSystem().clock, {
    folder,
    spillFolder: `${folder}/.spill`,
    memoryLimit: null,
    threads: null,
    readers: 1,
  });
  try {
    return await auditData(db, fakeSystem().files, folder);
  } finally {
    await db.close();
  }
}

function shown({ findings }: AuditReport): string[] {
  return findings.map(({ place, kind, count }) => `${place}: ${count} ${kind}`);
}

Deno.test("auditData() finds nothing in ordinary events", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    const plain = { browser_version: "120.0.6099.109", os_version: "10.0.0.1" };
    const props = JSON.stringify({ at: "2024-01-15T12:34:56Z", css: "a::before", v: "1.2.3" });
    await accept(storage, [pageview({ at: AT, ...plain }), pageview({ at: AT + 1, props })]);
    await storage.flusher.flush();
    await accept(storage, [pageview({ at: AT + 2, ...plain, props })]);
    await storage.close();
    // The copy that an upgrade keeps is read by column, too, and stays as it is.
    await Deno.copyFile(`${folder}/mallard.sqlite`, `${folder}/mallard.sqlite.v4`);
    const report = await audit(folder);
    deepEqual([report.findings, report.unread, report.events], [[], [], 2]);
    ok(auditText(report).includes("Nothing looks like"));
  });
});

Deno.test("auditData() finds addresses and e-mails in every tier and in any file", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    await accept(storage, [
      pageview({ at: AT, referrer: "https://a.example/?mail=jo%40example.org" }),
      pageview({ at: AT + 1, pathname: "/from/203.0.113.9/" }),
      pageview({ at: AT + 86_400_000_000, pathname: "/from/198.51.100.1" }),
      customEvent({ at: AT + 2, name: "x", props: JSON.stringify({ ip: "2001:db8::1" }) }),
    ]);
    await storage.flusher.flush();
    await accept(storage, [
      customEvent({ at: AT + 3, name: "x", props: JSON.stringify({ mail: "jo@example.org" }) }),
      pageview({ at: AT + 4, hostname: "192.0.2.80" }),
    ]);
    await storage.close();
    await Deno.writeTextFile(`${folder}/old.log`, "peer=203.0.113.9 x\nok\npeer=203.0.113.8\n");
    await Deno.mkdir(`${folder}/events/site_id=192.0.2.80/date=2024-01-15`, { recursive: true });
    await Deno.writeTextFile(
      `${folder}/events/site_id=192.0.2.80/date=2024-01-15/0001.parquet`,
      "no parquet",
    );
    const report = await audit(folder);
    deepEqual(shown(report), [
      "events/site_id=192.0.2.80/date=2024-01-15/0001.parquet, name of the file: 1 IPv4 address",
      "events/site_id=example.com, pathname: 2 IPv4 address",
      "events/site_id=example.com, props: 1 IPv6 address",
      "events/site_id=example.com, referrer: 1 e-mail address",
      "mallard.sqlite, journal.event.hostname: 1 IPv4 address",
      "mallard.sqlite, journal.event.props: 1 e-mail address",
      "old.log: 2 IPv4 address",
    ]);
    deepEqual(report.unread.map(({ path }) => path), [
      "events/site_id=192.0.2.80/date=2024-01-15/0001.parquet",
    ]);
    const text = auditText(report);
    ok(text.includes("old.log: 2 values look like an IPv4 address"));
    ok(!text.includes("203.0.113.9") && !text.includes("jo@example.org"), "it quotes nothing");
  });
});

Deno.test("auditData() distinguishes addresses from similar texts", async () => {
  await withFolder(async (folder) => {
    const look = async (text: string) => {
      await Deno.writeTextFile(`${folder}/a.txt`, text);
      return (await audit(folder)).findings.map(({ kind }) => kind[2] ?? "").join("");
    };
    // One letter a kind: v4, v6 and e-mail are told by the third letter of their names.
    const cases: [string, number][] = [
      ["192.0.2.1", 1],
      ["at 192.0.2.1.", 1],
      ["192.0.2.1:8080", 1],
      ["v1.2.3.4.5", 0],
      ["192.0.2.256", 0],
      ["1.2.3", 0],
      ["2001:db8::1", 1],
      ["[::1]", 1],
      ["fe80::", 1],
      ["2001:db8:0:0:0:0:0:1", 1],
      ["12:34:56", 0],
      ["std::vector", 0],
      ["a:b:c:d", 0],
      ["::ffff:192.0.2.1", 1],
      ["jo+x@mail.example.org", 1],
      ["@example.org", 0],
      ["jo@localhost", 0],
    ];
    for (const [text, count] of cases) equal((await look(text)).length, count, text);
  });
});

Deno.test("auditData() names each file in quarantine that it cannot read", async () => {
  await withFolder(async (folder) => {
    const places = [15, 16].map((day) =>
      `quarantine/site_id=example.com/date=2024-01-${day}/0001.parquet`
    );
    for (const place of places) {
      await Deno.mkdir(`${folder}/${place.replace(/\/[^/]+$/, "")}`, { recursive: true });
      await Deno.writeTextFile(`${folder}/${place}`, "damaged");
    }
    await Deno.writeTextFile(`${folder}/quarantine/mallard-1.sqlite`, "mail me@example.com");
    const report = await audit(folder);
    deepEqual(report.unread.map(({ path }) => path), places);
    deepEqual(shown(report), ["quarantine/mallard-1.sqlite: 1 e-mail address"]);
  });
});
