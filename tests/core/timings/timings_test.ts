// Histograms count each observation once, in every bucket that it fits.
import assert from "node:assert/strict";
import { BOUNDS_SECS, Timings } from "../../../src/core/timings/timings.ts";

Deno.test("Timings counts what took up to each bound, and what took longer", () => {
  const timings = new Timings();
  for (const ms of [0, 1, 3, 40_000]) timings.observe("request", "/a", ms);
  const [histogram, ...others] = timings.histograms("request");
  assert.deepEqual(others, []);
  assert.equal(histogram?.label, "/a");
  assert.deepEqual(histogram.upTo.slice(0, 4), [2, 2, 3, 3]);
  assert.equal(histogram.upTo.at(-2), 3);
  assert.equal(histogram.upTo.at(-1), 4);
  assert.equal(histogram.upTo.length, BOUNDS_SECS.length + 1);
  assert.equal(histogram.sumSecs, 40.004);
  assert.deepEqual(timings.histograms("flush"), []);
});

Deno.test("Timings runs work as a span with a tracer, and notes what fails, too", async () => {
  const spans: string[] = [];
  const timings = new Timings({
    span: (kind, label, work) => {
      spans.push(`${kind} ${label}`);
      return work();
    },
    label: () => {},
    context: () => (work) => work(),
  });
  let nowMs = 0;
  const clock = { uptimeMs: () => nowMs };
  const work = () => {
    nowMs += 5;
    return Promise.reject(new Error("full"));
  };
  await assert.rejects(timings.timed("flush", "", clock, work), /full/);
  assert.deepEqual(spans, ["flush "]);
  assert.equal(timings.histograms("flush")[0]?.sumSecs, 0.005);
});

Deno.test("Timings keeps a bounded number of labels", () => {
  const timings = new Timings();
  for (let index = 0; index < 2000; index++) timings.observe("question", `r${index}`, 1);
  const histograms = timings.histograms("question");
  assert.equal(histograms.length, 501);
  assert.equal(histograms.at(-1)?.upTo.at(-1), 1500);
});
