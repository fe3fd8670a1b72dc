import { deepStrictEqual as deepEqual, ok } from "node:assert";
import { AppError } from "../../src/core/errors.ts";
import { BugLog, errorResponse } from "../../src/http/error_response.ts";
import { FakeClock } from "../support/fake_system.ts";

async function answer(error: unknown) {
  const lines: string[] = [];
  const log = (level: string, text: string) => void lines.push(`${level} ${text}`);
  const response = errorResponse(error, log, "id", new BugLog(new FakeClock(0)));
  return { status: response.status, text: (await response.json()).error, lines };
}

Deno.test("errorResponse() gives refusals their status and keeps quiet about bugs", async () => {
  deepEqual(await answer(new AppError("conflict", "Cannot: taken")), {
    status: 409,
    text: "Cannot: taken",
    lines: [],
  });
  const bug = await answer(new TypeError("secret"));
  deepEqual([bug.status, bug.lines], [500, ["error Request failed: secret"]]);
  ok(!bug.text.includes("secret") && bug.text.includes("(id)"), bug.text);
});

Deno.test("errorResponse() blames the client that went away, not the server", async () => {
  const gone = await answer(new DOMException("aborted", "AbortError"));
  deepEqual([gone.status, gone.lines], [503, []]);
  const broken = Object.assign(new Error("error reading a body from connection"), { name: "Http" });
  const cut = await answer(broken);
  deepEqual([cut.status, cut.lines], [400, []]);
});

Deno.test("BugLog tells the same bug whole once an hour, and bounds what it tells", () => {
  const clock = new FakeClock(0);
  const bugs = new BugLog(clock);
  const told = (error: Error) => {
    const lines: { text: string; stack: string }[] = [];
    const log = (_: string, text: string, fields: Readonly<Record<string, unknown>> = {}) =>
      void lines.push({ text, stack: String(fields["stack"] ?? "") });
    bugs.write(error, log);
    return lines[0] ?? { text: "", stack: "" };
  };
  const fault = (table: number) =>
    new Error(`Catalog Error: no table\nLINE 1 in: select ${"x".repeat(9000)} from hot_${table}`);
  const first = told(fault(1));
  ok(first.text.startsWith("Request failed: Catalog Error: no table\nLINE 1 in: select xxx"));
  ok(first.text.length < 4100 && first.stack.includes("error_response_test.ts"));
  ok(!first.stack.includes("xxx") && first.stack.length <= 4000);
  const again = { text: "Request failed again: Catalog Error: no table", stack: "" };
  deepEqual(told(fault(2)), again);
  deepEqual(told(new Error("another")).text, "Request failed: another");
  clock.advance(3_600_000);
  deepEqual(told(fault(3)).text, first.text);
});
