// `deno task lake:down`: ends what `deno task lake:up` started, and removes its data.
import { LAKE_FOLDER } from "./folder.ts";
import { findPrograms, knownParts, stopParts } from "./parts.ts";

const programs = findPrograms();
const parts = typeof programs === "string" ? null : knownParts(programs, LAKE_FOLDER);
if (parts === null) console.log("There is nothing to end");
else await stopParts(parts);
