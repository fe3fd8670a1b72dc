import assert from "node:assert/strict";
import { weakSecrets } from "../../src/config/weak_secrets.ts";
import { openApp } from "../support/server/running_app.ts";
import { withFolder } from "../support/storage/storage.ts";

Deno.test("weakSecrets() counts bytes of the secret and characters of the password", () => {
  const names = (secret: string | null, admin_password: string | null) =>
    weakSecrets({ secret, admin_password }).map(({ name }) => name);
  assert.deepEqual(names(null, null), []);
  assert.deepEqual(names("a".repeat(15), "a".repeat(7)), ["secret", "admin_password"]);
  assert.deepEqual(names("é".repeat(8), "é".repeat(8)), []);
  assert.deepEqual(names(null, "é".repeat(7)), ["admin_password"]);
  const [weak] = weakSecrets({ secret: "hunter2", admin_password: null });
  assert.ok(!weak?.sentence.includes("hunter2"));
});

Deno.test("weakSecrets() stop the start with an empty folder, else they are reported", async () => {
  const weak = { MALLARD_SECRET: "x", MALLARD_ADMIN_PASSWORD: "y" };
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/.native`);
    await assert.rejects(
      openApp(weak, { folder }),
      /^Error: Cannot start with an empty data_dir: MALLARD_SECRET is short/,
    );
    const left = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
    assert.deepEqual(left, [".native"], "nothing was made");
    await assert.rejects(
      openApp({ MALLARD_ADMIN_PASSWORD: "y" }, { folder: `${folder}/new` }),
      /MALLARD_ADMIN_PASSWORD is short/,
    );
    await Deno.mkdir(`${folder}/events/site_id=a/date=2024-01-01`, { recursive: true });
    const app = await openApp(weak, { folder });
    const status = async (headers: Record<string, string>) =>
      await (await app.send("/api/auth/status", { headers })).json();
    assert.equal((await status({})).warnings, undefined, "strangers are not told");
    const login = await app.send("/api/auth/login", { method: "POST", body: '{"password":"y"}' });
    const cookie = `mm_session=${(await login.json()).token}`;
    assert.deepEqual((await status({ cookie })).warnings, {
      weak_secrets: ["secret", "admin_password"],
    });
    await app.close();
  });
});
