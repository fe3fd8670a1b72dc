// A PostgreSQL that answers, and takes no further session.
import { isFull } from "../../../src/storage/shared/faults.ts";
import { Session } from "../../../src/storage/shared/postgres.ts";
import { optionsOf } from "./lake.ts";

/** Does work while each session that PostgreSQL would take is taken, those that come free too. */
export async function whileFull(
  env: Readonly<Record<string, string>>,
  work: (fill: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const held: Session[] = [];
  const fill = async () => {
    for (;;) {
      try {
        held.push(await Session.open(optionsOf(env), "filler"));
      } catch (error) {
        if (isFull(error)) return;
        throw error;
      }
    }
  };
  try {
    await fill();
    await work(fill);
  } finally {
    for (const session of held) session.close();
  }
}
