// The Debian package: built, installed into a root of its own, upgraded, removed.
import assert from "node:assert/strict";
import { makeDeb } from "../../../scripts/deploy/deb.ts";
import { ROOT } from "../../../scripts/lib.ts";
import { withFolder } from "../../support/storage/storage.ts";

async function run(command: string, args: readonly string[], env = {}) {
  const done = await new Deno.Command(command, { args: [...args], env }).output();
  const decoder = new TextDecoder();
  return { code: done.code, text: decoder.decode(done.stdout) + decoder.decode(done.stderr) };
}

const isPossible = Deno.build.os === "linux" && Deno.uid() === 0 &&
  await run("dpkg-deb", ["--version"]).then(() => true, () => false);
if (!isPossible) console.log("dpkg is not here, or not for root: the package's test is skipped");

Deno.test({
  name: "the Debian package installs user, unit and settings, and leaves data where it is",
  ignore: !isPossible,
  fn: () =>
    withFolder(async (folder) => {
      // The program from its source stands for the executable.
      const executable = `${folder}/mallard`;
      const start = `exec ${Deno.execPath()} run --quiet --no-check -A --config=${ROOT}deno.json`;
      await Deno.writeTextFile(executable, `#!/bin/sh\n${start} ${ROOT}src/main.ts "$@"\n`);
      await Deno.chmod(executable, 0o755);
      const deb = await makeDeb(executable, folder);
      const root = `${folder}/root`;
      for (const name of ["etc", "var/lib/dpkg/info", "var/lib/dpkg/updates"]) {
        await Deno.mkdir(`${root}/${name}`, { recursive: true });
      }
      await Deno.writeTextFile(`${root}/var/lib/dpkg/status`, "");
      for (const name of ["passwd", "group", "shadow", "gshadow"]) {
        await Deno.writeTextFile(`${root}/etc/${name}`, "");
      }
      const dpkg = async (...args: string[]) => {
        const force = ["--force-script-chrootless", "--force-depends", "--force-confold"];
        const done = await run("dpkg", [`--root=${root}`, ...force, ...args]);
        assert.equal(done.code, 0, done.text);
      };
      await dpkg("-i", deb);
      const passwd = await Deno.readTextFile(`${root}/etc/passwd`);
      const [, uid] = /^mallard:[^:]*:(\d+):/m.exec(passwd) ?? [];
      assert.ok(uid, passwd);
      const data = await Deno.stat(`${root}/var/lib/mallard`);
      assert.deepEqual([data.uid, (data.mode ?? 0) & 0o777], [Number(uid), 0o750]);
      const settings = await Deno.stat(`${root}/etc/mallard/mallard.toml`);
      assert.deepEqual([settings.uid, (settings.mode ?? 0) & 0o777], [0, 0o640]);
      assert.ok(await Deno.stat(`${root}/usr/lib/systemd/system/mallard.service`));
      const checked = await run(`${root}/usr/bin/mallard`, [
        "config",
        "check",
        "-c",
        `${root}/etc/mallard/mallard.toml`,
      ]);
      assert.equal(checked.code, 0, checked.text);
      const completions = `${root}/usr/share/bash-completion/completions/mallard`;
      assert.match(await Deno.readTextFile(completions), /complete .* mallard\n$/);

      await Deno.writeTextFile(`${root}/etc/mallard/mallard.toml`, "port = 8123\n");
      await Deno.writeTextFile(`${root}/var/lib/mallard/kept`, "data");
      await dpkg("-i", deb);
      const kept = await Deno.readTextFile(`${root}/etc/mallard/mallard.toml`);
      assert.equal(kept, "port = 8123\n", "settings are a conffile");
      await dpkg("--purge", "mallard");
      assert.equal(await Deno.readTextFile(`${root}/var/lib/mallard/kept`), "data");
      await assert.rejects(Deno.stat(`${root}/usr/bin/mallard`), Deno.errors.NotFound);
    }),
});
