// Proxies before a real server, byte by byte: none of them makes a stranger a local client. Where
// nginx is installed, it stands in front with the settings people copy.
import assert from "node:assert/strict";
import { startReady } from "../support/server/ready_server.ts";
import { withFolder } from "../support/storage/storage.ts";

/** Status and text of the answer to a request that is sent as it stands. */
async function exchange(port: number, lines: readonly string[], body = "") {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const length = body === "" ? [] : [`Content-Length: ${body.length}`];
  const head = [...lines, ...length, "", ""].join("\r\n");
  await connection.write(new TextEncoder().encode(head + body));
  const text = await new Response(connection.readable).text();
  return { status: Number(text.split(" ")[1]), text };
}

const SETUP = JSON.stringify({ password: "correct horse" });

Deno.test("clients of a proxy that replaces Host and adds no header are not local", async () => {
  await withFolder(async (folder) => {
    const server = await startReady(folder, {});
    const port = Number(new URL(server.url).port);
    const local = `Host: 127.0.0.1:${port}`;
    try {
      const direct = await fetch(`${server.url}/api/keys`);
      assert.deepEqual([direct.status, await direct.json()], [200, []], "a client of this machine");
      const proxied = [
        ["HTTP/1.0", local, "Connection: close"],
        ["HTTP/1.1", local, "Connection: close"],
        ["HTTP/1.0", local, "X-Real-IP: 198.51.100.7", "Connection: close"],
        ["HTTP/1.1", local, "X-Forwarded-Port: 443", "Connection: close"],
      ];
      for (const [version, ...headers] of proxied) {
        const keys = await exchange(port, [`GET /api/keys ${version}`, ...headers]);
        assert.equal(keys.status, 401, `${version} ${headers}`);
        const setup = await exchange(port, [`POST /api/auth/setup ${version}`, ...headers], SETUP);
        assert.equal(setup.status, 403, setup.text);
        assert.match(setup.text, /token/);
      }
      const token = /^ {2}([0-9a-f]{32})$/m.exec(server.output())?.[1];
      assert.ok(token);
      const body = JSON.stringify({ password: "correct horse", token });
      const head = ["POST /api/auth/setup HTTP/1.0", local, "Connection: close"];
      assert.equal((await exchange(port, head, body)).status, 200, "with the printed token");
    } finally {
      assert.equal(await server.stop(), 0, server.output());
    }
  });
});

const NGINX = ["/usr/sbin/nginx", "/usr/bin/nginx"].find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});
if (NGINX === undefined) console.log("nginx is not installed: its test is skipped");

/** A free port of this machine. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

Deno.test({
  name: "clients behind nginx with its defaults are not local",
  ignore: NGINX === undefined,
  fn: () =>
    withFolder(async (folder) => {
      const server = await startReady(`${folder}/data`, {});
      const port = freePort();
      await Deno.writeTextFile(
        `${folder}/nginx.conf`,
        `daemon off; pid ${folder}/pid; error_log stderr; events {}
        http { access_log off; client_body_temp_path ${folder}/a; proxy_temp_path ${folder}/b;
          fastcgi_temp_path ${folder}/c; uwsgi_temp_path ${folder}/d; scgi_temp_path ${folder}/e;
          server { listen 127.0.0.1:${port}; location / { proxy_pass ${server.url}; } } }`,
      );
      const nginx = new Deno.Command(NGINX ?? "", { args: ["-c", `${folder}/nginx.conf`] }).spawn();
      try {
        let response: Response | undefined;
        for (let n = 0; n < 200 && response === undefined; n++) {
          response = await fetch(`http://127.0.0.1:${port}/api/keys`).catch(() => undefined);
          if (response === undefined) await new Promise((resolve) => setTimeout(resolve, 50));
        }
        await response?.body?.cancel();
        assert.equal(response?.status, 401);
      } finally {
        nginx.kill("SIGTERM");
        await nginx.status;
        await server.stop();
      }
    }),
});
