// Traces: with the runtime's OpenTelemetry switched on, a collector gets spans of requests,
// questions, commits and flushes, each the child of what it was begun by, and /metrics has their
// histograms; none name a visitor.
import assert from "node:assert/strict";
import { startReady } from "../support/server/ready_server.ts";
import { withFolder } from "../support/storage/storage.ts";
import { until } from "../support/wait.ts";

const BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0";

interface Span {
  readonly name: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
}

/** The spans that a collector was sent. */
function spansOf(received: readonly string[]): Span[] {
  return received.flatMap((text) => {
    const { resourceSpans = [] } = JSON.parse(text);
    return resourceSpans.flatMap(({ scopeSpans }: { scopeSpans: { spans: Span[] }[] }) =>
      scopeSpans.flatMap(({ spans }) => spans)
    );
  });
}

/** Names of the parents of the spans of a name. */
function parentsOf(spans: readonly Span[], name: string): (string | undefined)[] {
  return spans.filter((span) => span.name === name).map(({ parentSpanId }) =>
    spans.find(({ spanId }) => spanId === parentSpanId)?.name
  );
}

Deno.test("spans of all kinds of work reach a collector, and histograms count them", async () => {
  const received: string[] = [];
  const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
  const collector = Deno.serve(options, async (request) => {
    received.push(await request.text());
    return Response.json({});
  });
  const names = () =>
    new Set([...received.join("").matchAll(/"name":\s*"([^"]+)"/g)].map(([, name]) => name));
  try {
    await withFolder(async (folder) => {
      const server = await startReady(folder, {
        OTEL_DENO: "true",
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.addr.port}`,
        OTEL_BSP_SCHEDULE_DELAY: "100",
        MALLARD_FLUSH_COUNT: "1",
      });
      try {
        const body = JSON.stringify({
          d: "a.example",
          n: "pageview",
          u: "https://a.example/SECRET",
        });
        const headers = { "user-agent": BROWSER };
        const sent = await fetch(`${server.url}/api/event`, { method: "POST", headers, body });
        assert.equal(sent.status, 202);
        const asked = await fetch(`${server.url}/api/stats/main?site_id=a.example&period=7d`);
        assert.equal((await asked.json()).unique_visitors, 1);
        const metrics = await (await fetch(`${server.url}/metrics`)).text();
        for (
          const line of [
            'mallard_request_seconds_count{route="/api/event"} 1',
            'mallard_question_seconds_count{report="main"} 1',
            'mallard_commit_seconds_bucket{le="+Inf"} 1',
            'mallard_responses_total{status="202"} 1',
          ]
        ) assert.ok(metrics.includes(`${line}\n`), line);
        const wanted = ["request /api/event", "request /api/stats/main", "question main", "flush"];
        await until(() => wanted.every((name) => names().has(name)), "spans of work");
      } finally {
        assert.equal(await server.stop(), 0, server.output());
      }
    });
    const spans = spansOf(received);
    assert.deepEqual(parentsOf(spans, "question main"), ["request /api/stats/main"]);
    assert.deepEqual(parentsOf(spans, "commit"), ["request /api/event"]);
    assert.ok(parentsOf(spans, "flush").includes("commit"), JSON.stringify(spans));
    assert.doesNotMatch(received.join(""), /SECRET|Firefox/);
  } finally {
    await collector.shutdown();
  }
});
