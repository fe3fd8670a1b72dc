// Connections over their limits: who has to end, and when.
import assert from "node:assert/strict";
import {
  CONNECTIONS_PER_ADDRESS_MAX,
  HEADERS_MS_MAX,
  KEEP_ALIVE_MS_MAX,
} from "../../src/core/limits.ts";
import { type Connection, Connections, connectionsMaxOf } from "../../src/runtime/connections.ts";
import { fakeSystem } from "../support/fake_system.ts";

function make(max: number) {
  const { clock } = fakeSystem();
  const connections = new Connections(clock, max);
  const ended: string[] = [];
  const open = (name: string, address: string | null = null) =>
    connections.add(address, () => ended.push(name));
  const mustOpen = (name: string, address: string | null = null): Connection => {
    const connection = open(name, address);
    assert.ok(connection, name);
    return connection;
  };
  const request = (connection: Connection) => {
    connections.begin(connection);
    connections.end(connection);
  };
  return { clock, connections, ended, open, mustOpen, request };
}

Deno.test("connectionsMaxOf() leaves descriptors to the store and DuckDB", () => {
  assert.deepEqual([null, 20, 256, 1024, 20_000].map(connectionsMaxOf), [
    10_000,
    16,
    128,
    768,
    10_000,
  ]);
});

Deno.test("Connections at the limit end silent ones first, then the longest idle", () => {
  const { connections, ended, open, mustOpen, request } = make(3);
  const kept = mustOpen("kept");
  mustOpen("silent");
  const busy = mustOpen("busy");
  request(kept);
  connections.begin(busy);
  const next = mustOpen("next");
  assert.deepEqual(ended, ["silent"]);
  connections.begin(next);
  connections.begin(mustOpen("last"));
  assert.deepEqual(ended, ["silent", "kept"]);
  assert.equal(open("refused"), null);
  assert.deepEqual(connections.counts(), { open: 3, max: 3, timedOut: 0, evicted: 2, refused: 1 });
});

Deno.test("Connections of one address end its own, and no other's", () => {
  const { connections, ended, open, mustOpen } = make(10_000);
  mustOpen("other", "198.51.100.1");
  for (let n = 0; n < CONNECTIONS_PER_ADDRESS_MAX; n++) mustOpen(`own ${n}`, "192.0.2.7");
  const first = mustOpen("one more", "192.0.2.7");
  assert.deepEqual(ended, ["own 0"]);
  connections.remove(first);
  for (let n = 0; n < CONNECTIONS_PER_ADDRESS_MAX; n++) {
    connections.begin(mustOpen(`busy ${n}`, "192.0.2.8"));
  }
  assert.equal(open("refused", "192.0.2.8"), null);
  assert.deepEqual(ended, ["own 0"]);
});

Deno.test("Connections without a request end in time, also after the clock was set back", () => {
  const { clock, connections, ended, mustOpen, request } = make(10);
  mustOpen("silent");
  request(mustOpen("idle"));
  const busy = mustOpen("busy");
  connections.begin(busy);
  connections.begin(busy);
  connections.end(busy);
  clock.advance(HEADERS_MS_MAX - 1);
  connections.sweep();
  assert.deepEqual(ended, []);
  clock.advance(1);
  connections.sweep();
  assert.deepEqual(ended, ["silent"]);
  clock.advance(KEEP_ALIVE_MS_MAX);
  connections.sweep();
  assert.deepEqual(ended, ["silent", "idle"]);
  assert.equal(connections.counts().open, 1);
  connections.end(busy);
  busy.idleSinceMs += 1_000_000_000;
  connections.sweep();
  clock.advance(KEEP_ALIVE_MS_MAX);
  connections.sweep();
  assert.deepEqual(ended, ["silent", "idle", "busy"]);
});
