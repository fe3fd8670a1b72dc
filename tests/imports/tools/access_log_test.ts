// The same requests in every format of access logs: all give the same views, robots and files are
// apart, and no byte of an address is left.
import assert from "node:assert/strict";
import { fakeSystem } from "../../support/fake_system.ts";
import { filesOf } from "../../support/storage/data_dir.ts";
import { countsOf, importFiles, importsOf, running, tally } from "../../support/storage/imports.ts";
import { openFolder, withFolder } from "../../support/storage/storage.ts";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0";
const ROBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

interface Hit {
  readonly ip: string;
  readonly at: string;
  readonly method: string;
  readonly uri: string;
  readonly status: number;
  readonly referer: string;
  readonly agent: string;
}

const hit = (more: Partial<Hit>): Hit => ({
  ip: "203.0.113.77",
  at: "2024-01-02T10:00:00Z",
  method: "GET",
  uri: "/",
  status: 200,
  referer: "-",
  agent: FIREFOX,
  ...more,
});

const HITS = [
  hit({ referer: "https://duckduckgo.com/", uri: "/?utm_source=mail" }),
  hit({ uri: "/about", at: "2024-01-02T10:01:00Z" }),
  hit({ uri: "/about", at: "2024-01-03T10:01:00Z" }),
  hit({ uri: "/about", ip: "2001:db8::77", status: 304 }),
  hit({ uri: "/style.css?v=3" }),
  hit({ uri: "/gone", status: 404 }),
  hit({ uri: "/form", method: "POST" }),
  hit({ agent: ROBOT }),
];

function commonTime(at: string): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(
    new Date(at).toUTCString(),
  ) ?? [];
  return `${day}/${month}/${year}:${time} +0000`;
}

const combined = HITS.map(({ ip, at, method, uri, status, referer, agent }) =>
  `${ip} - - [${commonTime(at)}] "${method} ${uri} HTTP/1.1" ${status} 12 "${referer}" "${agent}"`
).join("\n");

const nginx = HITS.map(({ ip, at, method, uri, status, referer, agent }) =>
  JSON.stringify({
    time_iso8601: at.replace("Z", "+00:00"),
    remote_addr: ip,
    request: `${method} ${uri} HTTP/1.1`,
    status: String(status),
    http_referer: referer,
    http_user_agent: agent,
  })
).join("\n");

const caddy = HITS.map(({ ip, at, method, uri, status, referer, agent }) =>
  JSON.stringify({
    level: "info",
    ts: Date.parse(at) / 1000 + 0.25,
    request: {
      remote_ip: ip,
      client_ip: ip,
      method,
      host: "example.com",
      uri,
      headers: { "User-Agent": [agent], ...referer === "-" ? {} : { Referer: [referer] } },
    },
    status,
  })
).join("\n");

const cloudFront = [
  "#Version: 1.0",
  "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status " +
  "cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-host-header",
  ...HITS.map(({ ip, at, method, uri, status, referer, agent }) => {
    const [path, query = "-"] = uri.split("?");
    const [date, time] = at.replace("Z", "").split("T");
    const escaped = agent.replaceAll(" ", "%20").replaceAll(";", "%3B");
    // Clients may send escapes that are none.
    const sent = uri === "/about" && referer === "-" ? "%FF%zz" : referer;
    return [date, time, "FRA2", 12, ip, method, "d1.cloudfront.net", path, status, sent]
      .concat([escaped, query, "-", "Hit", "example.com"]).join("\t");
  }),
].join("\n");

const FORMS: Readonly<Record<string, string>> = { combined, nginx, caddy, cloudFront };

Deno.test("ACCESS_LOG reads every format, with robots apart, and keeps no address", async () => {
  for (const [name, text] of Object.entries(FORMS)) {
    await withFolder(async (folder) => {
      const system = fakeSystem();
      const storage = await openFolder(folder, system);
      const imports = await importsOf(folder, system, storage);
      const { state, report } = await importFiles(running(imports), { "access.log": text });
      assert.equal(state, "done", `${name}: ${report.error}`);
      // Ids made from addresses change every day: the visitor of two days counts twice.
      assert.deepEqual(report.totals, { events: 4, pageviews: 4, visitors: 3 }, name);
      assert.deepEqual(report.apart, { file: 1, "no view": 1, "not sent": 1, robot: 1 }, name);
      assert.equal(report.rejected, 0);
      const column = (wanted: string) => countsOf(storage, wanted);
      assert.deepEqual(await column("pathname"), tally(["/", "/about", "/about", "/about"]));
      assert.deepEqual(await column("utm_source"), tally([null, null, null, "mail"]), name);
      assert.deepEqual(
        await column("referrer_source"),
        tally([null, null, null, "DuckDuckGo"]),
        name,
      );
      assert.deepEqual(await column("browser"), { Firefox: 4 }, name);
      assert.deepEqual(await column("os"), { Linux: 4 });
      await storage.close();
      for (const [path, content] of await filesOf(folder)) {
        assert.ok(!/203\.0\.113\.77|2001:db8::77/.test(content), `an address is in ${path}`);
      }
    });
  }
});

Deno.test("ACCESS_LOG reads the common format, and keeps bad lines apart", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(folder, system);
    const imports = await importsOf(folder, system, storage);
    const line = '203.0.113.9 - frank [02/Jan/2024:12:00:00 +0200] "GET /a HTTP/1.0" 200 2326';
    const text = [line, "", 'what "is" this', line.replace("/a ", "/b ")].join("\r\n");
    const { state, report } = await importFiles(running(imports), { "access_log.1": text });
    assert.equal(state, "done", report.error);
    assert.deepEqual(report.totals, { events: 2, pageviews: 2, visitors: 1 });
    assert.equal(report.rejected, 1);
    assert.match(String(report.rejects?.[0]?.reason), /no line of an access log/);
    // A line that is empty is no row.
    assert.equal(report.rejects?.[0]?.line, 2);
    assert.deepEqual(await countsOf(storage, "pathname"), { "/a": 1, "/b": 1 });
    await storage.close();
  });
});
