// `deno task packages`: writes the npm packages mallard-tracker and mallard-client into
// dist/packages, ready for `npm publish`. The client is made from the description of a server.
import type { OpenApi } from "../../src/api/openapi/describe.ts";
import { ROOT } from "../lib.ts";
import { fromSource, ServerProcess } from "../server_process.ts";
import { clientPackage } from "./client.ts";
import { writePackage } from "./package.ts";
import { trackerPackage } from "./tracker.ts";

async function descriptionOfServer(): Promise<OpenApi> {
  const dataDir = await Deno.makeTempDir({ prefix: "mallard_packages_" });
  const server = await ServerProcess.start(fromSource(), { dataDir }).ready();
  try {
    return await (await fetch(`${server.url}/api/openapi.json`)).json();
  } finally {
    await server.stop();
    await Deno.remove(dataDir, { recursive: true });
  }
}

if (import.meta.main) {
  const packages = {
    tracker: await trackerPackage(),
    client: await clientPackage(await descriptionOfServer()),
  };
  for (const [name, files] of Object.entries(packages)) {
    const folder = `${ROOT}dist/packages/${name}`;
    await writePackage(folder, files);
    console.log(folder);
  }
}
