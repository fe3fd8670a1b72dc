// The owner's password and files beside a running server: a reset takes effect at once, and no
// other user of the machine can read events.
import assert from "node:assert/strict";
import { type ReadyServer, startReady } from "../support/server/ready_server.ts";
import { resetPassword } from "../support/server/reset_password.ts";
import { withFolder } from "../support/storage/storage.ts";

const [OLD, NEW] = ["correct horse", "battery staple"] as const;

async function logIn({ url }: ReadyServer, password: string, path = "login") {
  const body = JSON.stringify({ password });
  const response = await fetch(`${url}/api/auth/${path}`, { method: "POST", body });
  const { token } = await response.json();
  return { status: response.status, headers: { cookie: `mm_session=${token}` } };
}

async function keysUnder({ url }: ReadyServer, headers: Record<string, string>) {
  const response = await fetch(`${url}/api/keys`, { headers });
  await response.body?.cancel();
  return response.status;
}

/** Paths below a folder with their permission bits, as octal text. */
async function modesOf(folder: string): Promise<[string, string][]> {
  const modes: [string, string][] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    modes.push([path, (((await Deno.stat(path)).mode ?? 0) & 0o777).toString(8)]);
    if (isDirectory) modes.push(...await modesOf(path));
  }
  return modes;
}

async function sendEvent({ url }: ReadyServer): Promise<void> {
  const body = JSON.stringify({ d: "example.com", n: "pageview", u: "/" });
  const headers = { "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko Firefox/140.0" };
  assert.equal((await fetch(`${url}/api/event`, { method: "POST", body, headers })).status, 202);
}

Deno.test("reset-password beside a running server takes effect at once", async () => {
  await withFolder(async (folder) => {
    const server = await startReady(folder, {});
    try {
      const first = await logIn(server, OLD, "setup");
      assert.equal(await keysUnder(server, first.headers), 200);
      assert.match(
        await resetPassword({ MALLARD_DATA_DIR: folder }, NEW),
        /^The password is set; the running server uses it/,
      );
      assert.equal(await keysUnder(server, first.headers), 401, "all logins have ended");
      assert.equal((await logIn(server, OLD)).status, 401);
      const second = await logIn(server, NEW);
      assert.equal(second.status, 200);
      assert.match(
        await resetPassword({ MALLARD_DATA_DIR: folder }, ""),
        /^The password is removed; the running server uses it/,
      );
      assert.equal((await logIn(server, OLD, "setup")).status, 200, "setup is open again");
      assert.ok(!server.output().includes(NEW));
      await sendEvent(server);
    } finally {
      assert.equal(await server.stop(), 0, server.output());
    }
    assert.match(await resetPassword({ MALLARD_DATA_DIR: folder }, NEW), /no server is running$/m);
    const configured = { MALLARD_ADMIN_PASSWORD: OLD };
    assert.match(
      await resetPassword({ MALLARD_DATA_DIR: folder, ...configured }, NEW),
      /MALLARD_ADMIN_PASSWORD is set/,
    );
    if (Deno.build.os === "windows") return;
    const modes = await modesOf(folder);
    for (const [path, mode] of modes) assert.match(mode, /0$/, `${path} has ${mode}`);
    const ofFile = modes.find(([path]) => path.endsWith(".parquet"));
    assert.equal(ofFile?.[1], "640");
    assert.equal(modes.find(([path]) => /site_id=[^/]+$/.test(path))?.[1], "750");
    assert.equal(modes.find(([path]) => path.endsWith("mallard.sqlite"))?.[1], "600");
  });
});

Deno.test({
  name: "data_readable_by opens the files of events, and nothing else",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (folder) => {
      await Deno.mkdir(`${folder}/events`, { mode: 0o700 });
      const server = await startReady(folder, {
        MALLARD_DATA_READABLE_BY: "everyone",
        MALLARD_ADMIN_PASSWORD: OLD,
      });
      try {
        await sendEvent(server);
        // What a reset says holds: this server has its password from elsewhere.
        assert.match(
          await resetPassword({ MALLARD_DATA_DIR: folder }, NEW),
          /has its own from MALLARD_ADMIN_PASSWORD/,
        );
        assert.equal((await logIn(server, NEW)).status, 401);
        assert.equal((await logIn(server, OLD)).status, 200);
      } finally {
        assert.equal(await server.stop(), 0, server.output());
      }
      const modes = new Map(await modesOf(folder));
      assert.equal(modes.get(`${folder}/events`), "755");
      assert.equal([...modes].find(([path]) => path.endsWith(".parquet"))?.[1], "644");
      assert.equal(modes.get(`${folder}/mallard.sqlite`), "600");
      assert.equal(modes.get(`${folder}/.secret`), "600");
    }),
});
