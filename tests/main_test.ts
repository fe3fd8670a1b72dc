// What the program says of itself on the command line, and what a person may then do with it.
import assert from "node:assert/strict";
import { startReady } from "./support/server/ready_server.ts";
import { withFolder } from "./support/storage/storage.ts";

function hasIpv6(): boolean {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

Deno.test({
  name: "main prints an IPv6 address as a URL that can be opened",
  ignore: !hasIpv6(),
  fn: () =>
    withFolder(async (dataDir) => {
      const server = await startReady(dataDir, { MALLARD_HOST: "::1" });
      assert.match(server.url, /^http:\/\/\[::1\]:\d+$/);
      const health = await fetch(`${server.url}/health`);
      assert.equal(await health.text(), "ok");
      assert.equal(await server.stop(), 0);
    }),
});
