// `deno task lake:install`: installs from PyPI what the tests of lakes need, where it is missing.
import { installed } from "./parts.ts";

await installed();
