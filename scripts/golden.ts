// Rewrites tests/golden: the statements and the answers of the query engine. Look at the
// difference before it is committed.
import { openTestReader } from "../tests/support/events.ts";
import { goldenEvents, goldenFiles, writeGolden } from "../tests/support/numbers/golden.ts";

const test = await openTestReader(goldenEvents());
try {
  const changed = await writeGolden(await goldenFiles(test));
  console.log(changed.length === 0 ? "nothing has changed" : `changed: ${changed.join(", ")}`);
} finally {
  await test.close();
}
