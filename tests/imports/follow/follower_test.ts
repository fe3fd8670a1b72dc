// Logs that grow, are rotated and cut off, followed by a process that is killed at any step, over
// real files: every line is sent once.
import assert from "node:assert/strict";
import { Follower } from "../../../src/imports/follow/follower.ts";
import { fakeSystem, seededRandom } from "../../support/fake_system.ts";
import { gzipped } from "../../support/storage/imports.ts";
import { withFolder } from "../../support/storage/storage.ts";

class Killed extends Error {}

/** A server that takes each key once, and a process that may be killed before or after it did. */
function following(folder: string, random: () => number) {
  const taken = new Map<string, string>();
  const told: string[] = [];
  let killing = true;
  const dies = () => {
    if (killing && random() < 0.2) throw new Killed();
  };
  const start = () =>
    new Follower({
      files: fakeSystem().files,
      tell: (line) => told.push(line),
      read: (lines) => {
        const body = new TextDecoder().decode(lines);
        return Promise.resolve({ body, views: 1, faults: 0 });
      },
      send: (body, key) => {
        dies();
        if (!taken.has(key)) taken.set(key, body);
        else assert.equal(taken.get(key), body);
        dies();
        return Promise.resolve(!killing || random() > 0.1);
      },
    }, { path: `${folder}/access.log`, site: "example.com", folder: `${folder}/state` });
  let follower = start();
  return {
    told,
    lines: () => [...taken.values()].join("").split("\n").filter((line) => line !== ""),
    step: async () => {
      try {
        return await follower.step();
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
        follower = start();
        return true;
      }
    },
    settle: async () => {
      killing = false;
      for (let idle = 0; idle < 4;) idle = await follower.step() ? 0 : idle + 1;
    },
  };
}

Deno.test("Follower sends each line once over rotations and kills", async () => {
  for (const how of ["rename", "copytruncate"] as const) {
    await withFolder(async (folder) => {
      const { random } = seeded(how === "rename" ? 3 : 4);
      await Deno.mkdir(`${folder}/state`);
      const log = `${folder}/access.log`;
      const { step, settle, lines, told } = following(folder, random);
      const written: string[] = [];
      let half = "";
      for (let round = 0; round < 120; round++) {
        const count = Math.floor(random() * 4);
        for (let n = 0; n < count; n++) {
          const line = `line ${written.length} ${"x".repeat(Math.floor(random() * 300))}`;
          written.push(line);
          // A line may be there in part.
          await Deno.writeTextFile(log, `${half}${line.slice(0, 4)}`, { append: true });
          half = `${line.slice(4)}\n`;
        }
        if (round % 30 === 29) {
          await Deno.writeTextFile(log, half, { append: true });
          half = "";
          // What is followed has seen the old file before it is gone for good.
          if (how === "copytruncate") await Deno.copyFile(log, `${log}.1`);
          else await Deno.rename(log, `${log}.1`);
          await Deno.writeTextFile(log, "");
          for (let n = 0; n < 40; n++) await step();
        }
        await step();
      }
      written.push("the last line of all");
      await Deno.writeTextFile(log, `${half}the last line of all\n`, { append: true });
      await settle();
      assert.deepEqual(lines(), written, how);
      assert.deepEqual(told, []);
      // A file that is gone is told, and the new one read from its beginning.
      await Deno.remove(`${log}.1`);
      await Deno.writeTextFile(log, "another\n");
      await settle();
      assert.match(
        told.join("\n"),
        /its old file is gone: what it had after byte \d+ is lost/,
      );
      assert.equal(lines().at(-1), "another");
    });
  }
});

/** Names of a log after one rotation, after two and so on: the youngest first. */
const ROTATED: Readonly<Record<string, (age: number) => string>> = {
  "numbers": (age) => `access.log.${age}`,
  "numbers, packed": (age) => `access.log.${age}${age > 1 ? ".gz" : ""}`,
  "all packed": (age) => `access.log.${age}.gz`,
  "dates": (age) => `access.log-202605${30 - age}`,
  "dates before the ending, packed": (age) => `access-202605${30 - age}.log.gz`,
};

Deno.test("Follower reads what was rotated while it was away, packed or not", async () => {
  for (const [how, nameOf] of Object.entries(ROTATED)) {
    await withFolder(async (folder) => {
      await Deno.mkdir(`${folder}/state`);
      const log = `${folder}/access.log`;
      // Neither is a part of what is followed.
      await Deno.writeTextFile(`${folder}/access.log.15`, "before the first\n");
      await Deno.writeTextFile(`${folder}/access_other.log`, "another log\n");
      const { step, settle, lines, told } = following(folder, () => 1);
      const day = (n: number) => Array.from({ length: 3 }, (_, at) => `day ${n} line ${at}\n`);
      await Deno.writeTextFile(log, day(0).join(""));
      while (await step());
      // Eleven days without a look: names of two digits are there, too.
      const days = Array.from({ length: 12 }, (_, n) => day(n));
      await Deno.writeTextFile(log, "day 0 later\n", { append: true });
      for (let n = 0; n < 11; n++) {
        const text = n === 0 ? `${day(0).join("")}day 0 later\n` : (days[n] ?? []).join("");
        const name = nameOf(11 - n);
        const bytes = name.endsWith(".gz") ? await gzipped(text) : new TextEncoder().encode(text);
        await Deno.writeFile(`${folder}/${name}`, bytes);
      }
      await Deno.writeTextFile(log, (days[11] ?? []).join(""));
      await settle();
      const [first = [], ...others] = days;
      const written = [...first, "day 0 later\n", ...others.flat()].map((line) => line.trim());
      assert.deepEqual([lines(), told], [written, []], how);
      assert.deepEqual(
        [...Deno.readDirSync(`${folder}/state`)].map(({ name }) => name),
        ["state.json"],
      );
    });
  }
});

function seeded(seed: number): { readonly random: () => number } {
  const source = seededRandom(seed);
  return { random: () => (source.bytes(1)[0] ?? 0) / 256 };
}
