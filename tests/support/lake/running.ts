// Lakes on the servers that `deno task lake:up` has started, for tests that run over a lake as they
// do without one.
import { LAKE_FOLDER } from "../../../scripts/lake/folder.ts";
import { findPrograms, knownParts } from "../../../scripts/lake/parts.ts";
import type { NodeOptions } from "../../../src/storage/lake/node.ts";
import { newLake } from "../../../scripts/lake/plain.ts";
import { optionsOf } from "./lake.ts";

/** A lake that nobody else has. */
export async function freshLake(): Promise<NodeOptions> {
  const programs = findPrograms();
  const parts = typeof programs === "string" ? null : knownParts(programs, LAKE_FOLDER);
  if (parts === null) throw new Error("Cannot use a lake: run deno task lake:up first");
  const name = `t${crypto.randomUUID().replaceAll("-", "")}`;
  return { ...optionsOf(await newLake(parts, name)), node: "one" };
}
