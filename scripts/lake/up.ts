// `deno task lake:up`: PostgreSQL and an S3 server for trying a lake on this machine. Installs from
// PyPI what is missing, and prints the settings.
import { LAKE_FOLDER } from "./folder.ts";
import { installed, knownParts, startParts } from "./parts.ts";

const programs = await installed();
const running = knownParts(programs, LAKE_FOLDER);
if (running !== null) console.error("They run already; deno task lake:down ends them");
const { env } = running ?? await startParts(programs, LAKE_FOLDER);
for (const [name, value] of Object.entries(env)) {
  console.log(`export ${name}='${value.replaceAll("'", "'\\''")}'`);
}
