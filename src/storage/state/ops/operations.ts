// The type of a client that runs some of the operations of mallard.sqlite.
import type { Sqlite } from "../sqlite.ts";

type Operations = Readonly<Record<string, (db: Sqlite, args: never) => unknown>>;

/** The part of the store that runs these operations. */
export interface RunsOperations<Ops extends Operations> {
  run<K extends keyof Ops>(op: K, args: Parameters<Ops[K]>[1]): Promise<ReturnType<Ops[K]>>;
}
