// Makes the doctor of a running server: it examines with what the server knows of itself.
import { resolve } from "node:path";
import type { Doctor, SeenRequest } from "../api/doctor.ts";
import { SECOND_MS } from "../core/durations.ts";
import type { Clock, System } from "../core/types.ts";
import { examine } from "../doctor/examine.ts";
import { realProbes } from "../runtime/probes.ts";
import { healthOf, type TelemetryParts } from "../runtime/telemetry.ts";

/** A request that has not come back by then will not. */
const SEEN_MS_MAX = 6 * SECOND_MS;

/** The doctor of a running program. */
export function openDoctor(system: System, parts: TelemetryParts): Doctor {
  const { config, host, backups, storage } = parts;
  const expected = new ExpectedRequests(system.clock);
  return {
    async examine() {
      return await examine({
        config,
        dataDir: resolve(config.data_dir),
        system,
        memoryBytes: host.memoryBytes,
        probes: host.probes ?? realProbes,
        server: {
          health: healthOf(parts),
          geo: parts.geoFacts,
          backups: await backups.state(),
          lake: async () => await storage.lake?.upkeep.faults() ?? null,
          expect: (nonce) => expected.expect(nonce),
        },
      });
    },
    seen: (nonce, request) => expected.take(nonce, request),
  };
}

/** Requests that the server has sent to itself and waits for. */
class ExpectedRequests {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, (request: SeenRequest | null) => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The request with this number; null when it does not come in time. */
  async expect(nonce: string): Promise<SeenRequest | null> {
    const { promise, resolve } = Promise.withResolvers<SeenRequest | null>();
    this.#waiting.set(nonce, resolve);
    const cancel = this.#clock.after(SEEN_MS_MAX, () => resolve(null));
    const request = await promise;
    cancel();
    this.#waiting.delete(nonce);
    return request;
  }

  /** Takes a request; one that nobody waits for is nothing. */
  take(nonce: string, request: SeenRequest): void {
    this.#waiting.get(nonce)?.(request);
  }
}
