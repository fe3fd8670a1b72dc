import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
import { createHash } from "node:crypto";
import { openOwner, type Owner } from "../support/server/owner.ts";

const KEY = `mm_${"ab".repeat(32)}`;
const HASH = createHash("sha256").update(KEY).digest("hex");
const ENTRY = {
  key_hash: HASH,
  name: "old",
  scope: "ReadOnly",
  created_at: "2023-05-06T07:08:09.123456789",
  revoked: false,
};

async function openWithFile(file: string | Uint8Array, folder?: string): Promise<Owner> {
  folder ??= await Deno.makeTempDir();
  await Deno.writeFile(
    `${folder}/api_keys.json`,
    typeof file === "string" ? new TextEncoder().encode(file) : file,
  );
  return await openOwner({ folder, admin_password: "correct horse" });
}

async function status(owner: Owner, key: string): Promise<number> {
  const call = { peer: "198.51.100.7", headers: { "x-api-key": key } };
  return (await owner.call("GET", "/read", call)).status;
}

Deno.test("readKeysFile() reads the keys of the original program", async () => {
  const revoked = `mm_${"cd".repeat(16)}`;
  const other = { ...ENTRY, key_hash: createHash("sha256").update(revoked).digest("hex") };
  const controls = { ...ENTRY, name: "o\u0007l\u009bd" };
  const owner = await openWithFile(JSON.stringify([controls, { ...other, revoked: true }]));
  equal(await status(owner, KEY), 200);
  equal(await status(owner, revoked), 401);
  deepEqual(owner.keys.list().find((key) => key.key_hash === HASH), {
    ...ENTRY,
    created_at: Date.UTC(2023, 4, 6, 7, 8, 9, 123),
  });
  deepEqual(owner.system.lines, []);
  owner.close();
});

Deno.test("readKeysFile() does not restore a key that was revoked here", async () => {
  const file = JSON.stringify([ENTRY]);
  const owner = await openWithFile(file);
  await owner.keys.revoke(HASH);
  owner.close();
  const again = await openWithFile(file, owner.folder);
  equal(await status(again, KEY), 401);
  again.close();
  const revoked = await openWithFile(JSON.stringify([{ ...ENTRY, revoked: true }]));
  revoked.close();
  const unrevoked = await openWithFile(file, revoked.folder);
  equal(await status(unrevoked, KEY), 401);
  unrevoked.close();
});

Deno.test("readKeysFile() logs a damaged file without quoting it, and ignores it", async () => {
  const damaged = [
    `[{"key_hash": "${HASH}`,
    "{}",
    "null",
    "",
    new Uint8Array([0xff, 0xfe, 0]),
    "x".repeat(5 * 1024 * 1024),
  ];
  for (const file of damaged) {
    const owner = await openWithFile(file);
    equal(owner.keys.list().length, 0);
    equal(owner.system.lines.length, 1);
    const line = owner.system.lines[0];
    equal(line?.level, "warn");
    ok(line?.message.startsWith("Cannot use api_keys.json: "));
    ok(!line?.message.includes(HASH.slice(0, 8)));
    owner.close();
  }
});

Deno.test("readKeysFile() ignores a damaged entry and keeps the others", async () => {
  const entries = [
    { ...ENTRY, key_hash: "abc" },
    { ...ENTRY, scope: "Root" },
    { ...ENTRY, name: null },
    { ...ENTRY, revoked: "no" },
    null,
    7,
    ENTRY,
  ];
  const owner = await openWithFile(JSON.stringify(entries));
  equal(await status(owner, KEY), 200);
  equal(owner.keys.list().length, 1);
  equal(owner.system.lines.length, 6);
  owner.close();
});
