// Connections over their limits: who has to end, and when.
import assert from "node:assert/strict";
import {
  CONNECTIONS_PER_ADDRESS_MAX,
  HEADERS_MS_MAX,
  KEEP_ALIVE_MS_MAX,
} from "../../src/core/limits.ts";
import {
  type Connection,
  Connections,
  connectionsMaxOf,
  type Exchange,
  requestsMaxOf,
} from "../../src/runtime/connections.ts";
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
  const begin = (connection: Connection): Exchange => {
    const exchange = connections.begin(connection);
    assert.ok(exchange);
    return exchange;
  };
  const request = (connection: Connection) => connections.end(begin(connection));
  return { clock, connections, ended, open, mustOpen, begin, request };
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
  assert.deepEqual(connections.counts(), {
    open: 3,
    max: 3,
    timedOut: 0,
    evicted: 2,
    refused: 1,
    requests: 3,
    requestsMax: 3,
  });
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

Deno.test("requestsMaxOf() leaves the memory to others than bodies", () => {
  const GIB = 1024 ** 3;
  const found = [null, GIB / 8, GIB / 2, 4 * GIB, 64 * GIB].map((memory) =>
    requestsMaxOf(10_000, memory)
  );
  assert.deepEqual(found, [10_000, 256, 512, 4096, 10_000]);
  assert.equal(requestsMaxOf(128, 4 * GIB), 128);
});

Deno.test("Connections take as many requests as connections, over however few they come", () => {
  const { connections, mustOpen } = make(1000);
  const streams = mustOpen("streams", "192.0.2.7");
  const taken: Exchange[] = [];
  const take = (connection: Connection, count: number) => {
    const before = taken.length;
    for (let n = 0; n < count; n++) {
      taken.push(...[connections.begin(connection)].filter((e) => !!e));
    }
    return taken.length - before;
  };
  assert.equal(take(streams, 300), CONNECTIONS_PER_ADDRESS_MAX);
  assert.equal(take(mustOpen("same address", "192.0.2.7"), 1), 0);
  const [first] = taken;
  assert.ok(first);
  connections.end(first);
  assert.equal(take(streams, 2), 1);
  assert.equal(take(mustOpen("proxy"), 900), 1000 - CONNECTIONS_PER_ADDRESS_MAX);
  const other = mustOpen("other", "192.0.2.8");
  assert.equal(take(other, 1), 0);
  // What a closed connection had in progress counts no more, and what it still sends is not taken.
  connections.remove(streams);
  for (const exchange of taken) if (exchange.connection === streams) connections.end(exchange);
  assert.equal(take(streams, 1), 0);
  assert.equal(take(other, 300), CONNECTIONS_PER_ADDRESS_MAX);
  assert.equal(connections.counts().requests, 1000);
});

Deno.test("Connections without a request end in time, also after the clock was set back", () => {
  const { clock, connections, ended, mustOpen, begin, request } = make(10);
  mustOpen("silent");
  request(mustOpen("idle"));
  const busy = mustOpen("busy");
  const last = begin(busy);
  connections.end(begin(busy));
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
  connections.end(last);
  busy.idleSinceMs += 1_000_000_000;
  connections.sweep();
  clock.advance(KEEP_ALIVE_MS_MAX);
  connections.sweep();
  assert.deepEqual(ended, ["silent", "idle", "busy"]);
});

Deno.test("Connections end with a response that nobody reads, however many others come", () => {
  const { clock, connections, ended, mustOpen, begin, request } = make(10);
  const unread = mustOpen("unread");
  const streams = mustOpen("streams");
  begin(streams);
  connections.made(begin(unread));
  // Its client was gone before the response was made.
  const gone = begin(streams);
  connections.end(gone);
  connections.made(gone);
  for (let waited = 0; waited < KEEP_ALIVE_MS_MAX; waited += 1000) {
    connections.sweep();
    assert.deepEqual(ended, []);
    for (const one of [unread, streams]) request(one);
    clock.advance(1000);
  }
  connections.sweep();
  assert.deepEqual(ended, ["unread"]);
  assert.equal(connections.counts().requests, 1);
  clock.advance(KEEP_ALIVE_MS_MAX);
  connections.sweep();
  assert.deepEqual(ended, ["unread"]);
});
