import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert";
import { FLUSHED_PART_ROWS } from "../../../src/storage/state/flushed_rows.ts";
import { migrate } from "../../../src/storage/state/migrations.ts";
import { packRow } from "../../../src/storage/state/ops/journal_row.ts";
import { STORE_OPS } from "../../../src/storage/state/ops/store_ops.ts";
import { Sqlite } from "../../../src/storage/state/sqlite.ts";
import { pageview } from "../../support/events.ts";
import { seededRandom } from "../../support/fake_system.ts";
import {
  accept,
  copyTree,
  numbersOf,
  openFolder,
  withFolder,
} from "../../support/storage/storage.ts";

const SITES = ["a.example", "b.example"] as const;
const DATE = "2024-01-15";
const PART = FLUSHED_PART_ROWS;
const ALL = 1e6;

interface Row {
  readonly seq: number;
  readonly site: string;
}

const rowsIn = (db: Sqlite) => Number(db.get("select count(*) as n from journal")?.["n"]);

/** All that the operations say of the journal, and whether it holds rows up to a number. */
function seen(db: Sqlite, folder: string, seqTo: number) {
  const read: Row[] = [];
  for (let after = 0;;) {
    const some = STORE_OPS.readJournal(db, { after, count: 700 });
    read.push(...some.map(({ seq, site_id }) => ({ seq, site: site_id })));
    if (some.length === 0) break;
    after = read.at(-1)?.seq ?? 0;
  }
  const of = (site_id: string) =>
    [
      STORE_OPS.countJournal(db, { site_id, firstDate: DATE, lastDate: DATE }),
      STORE_OPS.holdsJournal(db, { site_id, date: DATE, seqFrom: 0, seqTo }),
    ] as const;
  const path = `${folder}/lines`;
  const lines = STORE_OPS.writeJournalLines(db, { path, after: 0, least: 1, rows: ALL })?.rows ?? 0;
  const sent: { readonly q: number }[] = JSON.parse(
    STORE_OPS.journalText(db, { after: 0, rows: ALL }).text,
  );
  const rows = STORE_OPS.journalRows(db);
  return { read, lines, sent: sent.map(({ q }) => q), rows, of: SITES.map(of) };
}

function expected(rows: readonly Row[], unreadable: ReadonlySet<number>, seqTo: number) {
  const of = (site: string) => {
    const own = rows.filter((row) => row.site === site);
    return [own.length, own.some(({ seq }) => seq <= seqTo && !unreadable.has(seq))] as const;
  };
  const sent = rows.map(({ seq }) => seq).filter((seq) => !unreadable.has(seq));
  return { read: rows, lines: rows.length, sent, rows: rows.length, of: SITES.map(of) };
}

Deno.test("Rows that are in files count nowhere, however few of them are deleted yet", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/mallard.sqlite`;
    const random = seededRandom(16);
    const below = (n: number) => new DataView(random.bytes(4).buffer).getUint32(0) % n;
    let db = Sqlite.open(path);
    await migrate(db, path);
    let rows: Row[] = [];
    let lastSeq = 0;
    let unreadable = new Set<number>();
    const flush = (seqTo: number, except: readonly string[]) => {
      const isKept = ({ seq, site }: Row) =>
        seq > seqTo || except.includes(site) || unreadable.has(seq);
      const exceptOf = except.map((site_id) => ({ site_id, date: DATE }));
      const commit = { files: [], except: exceptOf, seqTo, lastTimestampUs: 0, atMs: null };
      STORE_OPS.commitFlush(db, commit);
      rows = rows.filter(isKept);
    };
    const deeds = [
      () => {
        const sites = Array.from({ length: below(2 * PART) + 1 }, () => SITES[below(2)] ?? "");
        const text = sites.map((site) => packRow(site, DATE, "{}")).join("");
        const appended = STORE_OPS.append(db, { rows: text, newSites: [], atMs: 0 });
        equal(appended.lastSeq, lastSeq + sites.length);
        for (const site of sites) rows.push({ seq: ++lastSeq, site });
      },
      () => flush(lastSeq - below(PART), []),
      () => flush(lastSeq - below(PART), below(2) === 0 ? [SITES[0]] : []),
      () => void STORE_OPS.deleteFlushed(db),
      () => void STORE_OPS.deleteFlushed(db),
      () => {
        unreadable = new Set(below(3) > 0 ? [] : rows.slice(-2).map(({ seq }) => seq));
        STORE_OPS.forgetUnreadable(db);
        if (unreadable.size > 0) STORE_OPS.noteUnreadable(db, [...unreadable]);
      },
      () => {
        flush(lastSeq - below(PART), []);
        const site_id = SITES[below(2)] ?? "";
        const own = rows.filter(({ site }) => site === site_id);
        const range = { site_id, firstDate: DATE, lastDate: DATE, paths: [] };
        equal(STORE_OPS.eraseRange(db, range), own.length);
        rows = rows.filter((row) => !own.includes(row));
      },
      () => {
        db.close();
        db = Sqlite.open(path);
      },
    ];
    for (let n = 0; n < 120; n++) {
      deeds[below(deeds.length)]?.();
      const seqTo = lastSeq - below(2 * PART);
      deepEqual(seen(db, folder, seqTo), expected(rows, unreadable, seqTo), `deed ${n}`);
    }
    unreadable = new Set();
    STORE_OPS.forgetUnreadable(db);
    flush(lastSeq, []);
    while (STORE_OPS.deleteFlushed(db));
    equal(rowsIn(db), 0);
    db.close();
  });
});

Deno.test("A kill after a flush of many events, before all are deleted, doubles none", async () => {
  const event = (n: number) => pageview({ at: "2024-01-15 10:00:00", props: `{"n":${n}}` });
  const numbers = Array.from({ length: 2 * PART + PART / 2 }, (_, n) => n);
  await withFolder((folder) =>
    withFolder(async (scratch) => {
      const storage = await openFolder(folder);
      await accept(storage, numbers.map(event));
      const run = storage.store.run.bind(storage.store);
      const left: number[] = [];
      const copied = async (op: string) => {
        if (op === "deleteFlushed") await copyTree(folder, `${scratch}/${left.push(0)}`);
      };
      storage.store.run = (op, args) => copied(op).then(() => run(op, args));
      await storage.flusher.flush();
      deepEqual(await numbersOf(storage), numbers);
      await storage.close();
      equal(left.length, 3, "parts");
      for (const [index] of left.entries()) {
        const killed = await openFolder(`${scratch}/${index + 1}`);
        deepEqual(await numbersOf(killed), numbers, `killed before part ${index + 1}`);
        equal(killed.hot.rows, 0);
        await accept(killed, [event(numbers.length)]);
        await killed.flusher.flush();
        deepEqual(await numbersOf(killed), [...numbers, numbers.length]);
        await killed.close();
        const db = Sqlite.openReader(`${scratch}/${index + 1}/mallard.sqlite`);
        equal(rowsIn(db), 0, "deleted by the next flush");
        db.close();
      }
    })
  );
});

Deno.test("Rows that cannot be deleted after a flush are deleted by the next one", async () => {
  const event = (n: number) => pageview({ at: "2024-01-15 10:00:00", props: `{"n":${n}}` });
  const numbers = Array.from({ length: PART + 1 }, (_, n) => n);
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    await accept(storage, numbers.map(event));
    const run = storage.store.run.bind(storage.store);
    storage.store.run = (op, args) =>
      op === "deleteFlushed" ? Promise.reject(new Error("disk I/O error")) : run(op, args);
    await storage.flusher.flush();
    deepEqual([storage.flusher.failing, storage.hot.rows], [true, 0]);
    deepEqual(await numbersOf(storage), numbers);
    equal(await storage.store.run("journalRows", undefined), 0);
    storage.store.run = run;
    await accept(storage, [event(numbers.length)]);
    await storage.flusher.flush();
    equal(storage.flusher.failing, false);
    deepEqual(await numbersOf(storage), [...numbers, numbers.length]);
    await storage.close();
    const db = Sqlite.openReader(`${folder}/mallard.sqlite`);
    equal(rowsIn(db), 0);
    db.close();
  });
});
