// Umami's export from the dashboard, of one day, which the name of its file says.
import assert from "node:assert/strict";
import { zipSync } from "fflate";
import { fakeSystem } from "../../../support/fake_system.ts";
import { importFiles, importsOf, running, summed } from "../../../support/storage/imports.ts";
import { openFolder, withFolder } from "../../../support/storage/storage.ts";

const LISTS: Readonly<Record<string, readonly (readonly [string, number])[]>> = {
  events: [["Signup", 4]],
  pages: [["/", 30], ["/docs", 12]],
  referrers: [["google.com", 9], ["unknown.example", 2]],
  browsers: [["edge-chromium", 20], ["firefox", 11]],
  os: [["Windows 10", 20], ["Mac OS", 11]],
  devices: [["laptop", 8], ["mobile", 23]],
  countries: [["DE", 30], ["", 1]],
};

function archive(): Uint8Array<ArrayBuffer> {
  const files = Object.entries(LISTS).map(([name, rows]) => [
    `${name}.csv`,
    new TextEncoder().encode(`x,y\r\n${rows.map((row) => row.join(",")).join("\r\n")}`),
  ]);
  return zipSync(Object.fromEntries(files)) as Uint8Array<ArrayBuffer>;
}

Deno.test("UMAMI_SUMS reads an export of one day, and asks for the day of others", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(folder, system);
    const imports = await importsOf(folder, system, storage);
    const undated = await importFiles(running(imports), { "export.zip": archive() });
    assert.equal(undated.state, "failed");
    assert.match(String(undated.report.error), /sums and no dates; export one day at a time/);
    const done = await importFiles(running(imports), { "umami-2023-12-05.zip": archive() });
    assert.equal(done.state, "done", done.report.error);
    assert.deepEqual(done.report.days?.map(({ date }) => date), ["2023-12-05"]);
    assert.deepEqual(await summed(storage, "days"), {});
    assert.deepEqual(await summed(storage, "pages", [1]), {
      "/": { visitors: 30 },
      "/docs": { visitors: 12 },
    });
    assert.deepEqual(await summed(storage, "events", [0]), { Signup: { events: 4 } });
    assert.deepEqual(await summed(storage, "sources", [0, 1]), {
      "Google | google.com": { visitors: 9 },
      "unknown.example | unknown.example": { visitors: 2 },
    });
    assert.deepEqual(await summed(storage, "browsers", [0]), {
      Edge: { visitors: 20 },
      Firefox: { visitors: 11 },
    });
    assert.deepEqual(await summed(storage, "systems", [0, 1]), {
      "Windows | 10": { visitors: 20 },
      "macOS | -": { visitors: 11 },
    });
    assert.deepEqual(await summed(storage, "devices", [0]), {
      desktop: { visitors: 8 },
      mobile: { visitors: 23 },
    });
    assert.deepEqual(await summed(storage, "locations", [0]), {
      DE: { visitors: 30 },
      "-": { visitors: 1 },
    });
    await storage.close();
  });
});
