// The load balancer of deploy/nginx/lake.conf in a real nginx, before servers that say their names.
import assert from "node:assert/strict";
import { ROOT } from "../../scripts/lib.ts";
import { freePort } from "../../scripts/server_process.ts";
import { withFolder } from "../support/storage/storage.ts";
import { until } from "../support/wait.ts";

const NGINX = ["/usr/sbin/nginx", "/usr/bin/nginx"].find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});

if (NGINX === undefined) console.log("Skipping the load balancer: nginx is not installed");

/** A server that names itself, and counts the bodies that it got. */
function named(name: string) {
  const got: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    if (request.method === "POST") got.push(await request.text());
    return new Response(`${name} ${request.headers.get("x-forwarded-for")}`);
  });
  return { name, got, port: server.addr.port, close: () => server.shutdown() };
}

Deno.test({
  name: "the load balancer keeps a visitor at one server, passes over one that is gone, " +
    "and hides what servers tell each other",
  ignore: NGINX === undefined,
  fn: () =>
    withFolder(async (folder) => {
      const servers = ["node1", "node2", "node3"].map(named);
      const port = freePort();
      const snippet = servers.reduce(
        (text, one) => text.replace(`server ${one.name}:8000`, `server 127.0.0.1:${one.port}`),
        await Deno.readTextFile(`${ROOT}deploy/nginx/lake.conf`),
      ).replace("listen 80;", `listen 127.0.0.1:${port};`);
      const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(" ");
      const path = `${folder}/nginx.conf`;
      await Deno.writeTextFile(
        path,
        `daemon off; pid ${folder}/pid; error_log stderr; events {}
        http { access_log off; ${temporary} ${snippet} }`,
      );
      const nginx = new Deno.Command(NGINX ?? "", {
        args: ["-c", path],
        stdout: "null",
        stderr: "null",
      }).spawn();
      const origin = `http://127.0.0.1:${port}`;
      const ask = async (at = "/", init: RequestInit = {}) => {
        const response = await fetch(origin + at, init);
        return { status: response.status, text: await response.text() };
      };
      try {
        await until(() => ask().then(() => true, () => false), "nginx");
        const claimed = { headers: { "x-forwarded-for": "203.0.113.9" } };
        const answers = await Promise.all(Array.from({ length: 10 }, () => ask("/", claimed)));
        const texts = new Set(answers.map(({ text }) => text));
        assert.equal(texts.size, 1, [...texts].join());
        const [text = ""] = texts;
        assert.match(text, /^node\d 127\.0\.0\.1$/);
        assert.equal((await ask("/internal/hot?journal=a&after=0")).status, 404);
        const first = servers.find(({ name }) => text.startsWith(name));
        await first?.close();
        for (let sent = 0; sent < 5; sent++) {
          const { status } = await ask("/api/event", { method: "POST", body: `event ${sent}` });
          assert.equal(status, 200);
        }
        const got = servers.flatMap((one) => one.got).sort();
        assert.deepEqual(got, [0, 1, 2, 3, 4].map((sent) => `event ${sent}`));
        assert.deepEqual(first?.got, []);
      } finally {
        nginx.kill("SIGTERM");
        await nginx.status;
        await Promise.all(servers.map((one) => one.close()));
      }
    }),
});
