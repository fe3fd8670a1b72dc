import assert from "node:assert/strict";
import { pathRulesBody, pathRulesFields } from "../../../dashboard/lib/path_rules.js";
import { faultOfPathRules, type PathRules } from "../../../src/core/paths/rules.ts";

const EMPTY = { slash: "keep", documents: "", lowercase: false, parameters: "", masks: "" };

Deno.test("pathRulesBody() leaves out what says nothing, and reads both arrows", () => {
  assert.deepEqual(pathRulesBody(EMPTY), {});
  const body = pathRulesBody({
    slash: "remove",
    documents: "index.html, index.php",
    lowercase: true,
    parameters: " page ",
    masks: "/user/* → /user/:id\n\n /a/# -> /a/:n ",
  });
  assert.deepEqual(body, {
    trailing_slash: "remove",
    default_documents: ["index.html", "index.php"],
    lowercase: true,
    query_parameters: ["page"],
    masks: [{ from: "/user/*", to: "/user/:id" }, { from: "/a/#", to: "/a/:n" }],
  });
  assert.equal(faultOfPathRules(body), null);
  assert.match(faultOfPathRules(pathRulesBody({ ...EMPTY, masks: "/a" })) ?? "", /from and to/);
});

Deno.test("pathRulesFields() is the way back", () => {
  const rules: PathRules = { trailing_slash: "add", masks: [{ from: "/a/**", to: "/b/**" }] };
  assert.deepEqual(pathRulesBody(pathRulesFields(rules)), rules);
  assert.deepEqual(pathRulesFields({}), EMPTY);
});
