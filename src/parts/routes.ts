// Makes every route of a running program from its parts.
import { resolve } from "node:path";
import { weakSecrets } from "../config/weak_secrets.ts";
import type { Route } from "../http/route.ts";
import type { System } from "../core/types.ts";
import { hotRoute, routesFor, tellingBehind } from "../api/nodes.ts";
import { routesOf } from "../api/routes.ts";
import { healthOf, samplesOf } from "../runtime/telemetry.ts";
import { ExportFiles } from "../storage/backup/export_file.ts";
import { openDoctor } from "./doctor.ts";
import { eraseWith } from "./erase.ts";
import { openExplore } from "./queries.ts";
import type { Parts } from "./parts.ts";

/** The routes, those of the dashboard's files included. */
export async function makeRoutes(
  system: System,
  parts: Parts,
  stopping: AbortSignal,
): Promise<readonly Route[]> {
  const { clock, files, log, random } = system;
  const { config, storage } = parts;
  const { reader, store } = storage;
  const dataDir = resolve(config.data_dir);
  const routes = routesOf({
    ...parts,
    explore: await openExplore(config, system, parts.host, storage, parts.sites, stopping),
    settings: {
      ...config,
      data_dir: dataDir,
      weak_secrets: weakSecrets(config).map(({ name }) => name),
    },
    clock,
    eventMs: () => storage.guard.eventMs(),
    files,
    log,
    reader,
    pathHistory: storage.pathHistory,
    store: storage.owned,
    erase: eraseWith(config, files, parts),
    askErasure: (number) => storage.lake?.upkeep.erasure(number) ?? Promise.resolve(null),
    sums: storage.sums,
    exportFiles: await ExportFiles.open(reader, files, random, { folder: `${dataDir}/.exports` }),
    doctor: openDoctor(system, parts),
    health: () => healthOf(parts),
    samples: () => samplesOf(parts, system.timings),
    stopping,
    probe: async () => {
      const nowMs = Math.floor(clock.nowMs());
      await storage.space.check();
      await parts.buffer.probe(() => store.run("probe", nowMs), nowMs);
    },
  });
  const { lake } = storage;
  if (lake === null) return routes;
  const { node_secret: secret } = config;
  const { journal } = lake.node.name;
  const source = { journal, erasedTo: () => lake.node.erasedTo, store, clock };
  return [
    ...tellingBehind(routesFor(config.roles, routes), () => parts.runner.behindSince()),
    ...secret === null ? [] : [hotRoute({ ...source, secret })],
  ];
}
