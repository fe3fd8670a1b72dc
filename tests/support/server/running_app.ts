// The whole program in this process, over its own DATA_DIR: requests go in without a port.
import * as duckdb from "@duckdb/node-api";
import { type App, createApp } from "../../../src/app.ts";
import { loadConfig } from "../../../src/config/load.ts";
import type { Host } from "../../../src/runtime/host.ts";
import type { System } from "../../../src/core/types.ts";
import { type FakeSystem, fakeSystem } from "../fake_system.ts";

/** What one request of a test says beyond its path. */
export interface Sent {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: BodyInit;
  readonly peer?: string;
}

/** A started app. */
export interface RunningApp {
  readonly app: App;
  readonly system: FakeSystem;
  readonly folder: string;
  readonly setupToken: string | null;
  send(path: string, sent?: Sent): Promise<Response>;
  close(): Promise<void>;
}

/** Starts the app with settings from `env`, in a new folder unless one is given. */
export async function openApp(
  env: Readonly<Record<string, string>> = {},
  { folder, system = fakeSystem(), library = duckdb, host = {} }: {
    folder?: string;
    host?: Partial<Host>;
    system?: FakeSystem;
    library?: typeof duckdb;
  } = {},
): Promise<RunningApp> {
  const dataDir = folder ?? await Deno.makeTempDir({ prefix: "mallard-test-" });
  const loaded = loadConfig({ file: null, env: { MALLARD_DATA_DIR: dataDir, ...env } });
  if ("faults" in loaded) throw new Error(loaded.faults.join("\n"));
  let setupToken: string | null = null;
  const app = createApp(loaded.config, system as System, {
    version: "0.0.0",
    pid: Deno.pid,
    memoryBytes: null,
    loadDuckDb: () => Promise.resolve(library),
    tellSetupToken: (token) => setupToken = token,
    ...host,
  });
  await app.start();
  return {
    app,
    system,
    folder: dataDir,
    setupToken,
    send: (path, { method = "GET", headers = {}, body, peer = "127.0.0.1" } = {}) =>
      app.handle(
        new Request(`http://localhost:8000${path}`, {
          method,
          headers,
          ...(body === undefined ? {} : { body }),
        }),
        { peer },
      ),
    async close() {
      await app.stop();
      if (folder === undefined) await Deno.remove(dataDir, { recursive: true });
    },
  };
}
