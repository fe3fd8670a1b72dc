import { strictEqual as equal } from "node:assert";
import {
  comparableHost,
  coversHost,
  hostOfSite,
  isLocalHost,
  withoutWww,
} from "../../src/net/host.ts";

Deno.test("comparableHost() folds case and the dot that may end a host", () => {
  equal(comparableHost("WWW.Example.com."), "www.example.com");
  equal(comparableHost("example.com"), "example.com");
  equal(comparableHost("."), null);
  equal(comparableHost(""), null);
});

Deno.test("withoutWww() strips www. where a domain is left", () => {
  equal(withoutWww("www.example.com"), "example.com");
  equal(withoutWww("www.www.example.com"), "www.example.com");
  equal(withoutWww("www.com"), "www.com");
  equal(withoutWww("www2.example.com"), "www2.example.com");
});

Deno.test("hostOfSite() is the name in lower case without a port", () => {
  equal(hostOfSite("Example.com:8080"), "example.com");
  equal(hostOfSite("intranet"), "intranet");
});

Deno.test("coversHost() takes a name with and without www, and *. for everything below", () => {
  const table: [names: string[], host: string, covers: boolean][] = [
    [["example.com"], "example.com", true],
    [["example.com"], "www.example.com", true],
    [["www.example.com"], "example.com", true],
    [["example.com"], "shop.example.com", false],
    [["example.com"], "notexample.com", false],
    [["example.com"], "example.com.evil.example", false],
    [["*.example.com"], "shop.example.com", true],
    [["*.example.com"], "a.b.example.com", true],
    [["*.example.com"], "example.com", true],
    [["*.example.com"], "notexample.com", false],
    [["a.example", "b.example"], "www.b.example", true],
    [["com"], "www.com", false],
    [[], "example.com", false],
  ];
  for (const [names, host, covers] of table) equal(coversHost(names, host), covers, host);
});

Deno.test("isLocalHost() knows the names and addresses of the machine itself", () => {
  for (const host of ["localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "[::1]", "0.0.0.0"]) {
    equal(isLocalHost(host), true, host);
  }
  for (const host of ["localhost.example", "10.0.0.1", "[fe80::1]", "0.0.0.1", "local", ""]) {
    equal(isLocalHost(host), false, host);
  }
});
