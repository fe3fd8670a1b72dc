import { deepStrictEqual as deepEqual, ok } from "node:assert";
import { AppError } from "../../src/core/errors.ts";
import { errorResponse } from "../../src/http/error_response.ts";

async function answer(error: unknown) {
  const lines: string[] = [];
  const response = errorResponse(error, (level, text) => void lines.push(`${level} ${text}`), "id");
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
