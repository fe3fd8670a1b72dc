import assert from "node:assert/strict";
import { normalPath } from "../../../src/core/paths/normal_form.ts";
import { faultOfPathRules, pathRewrite, type PathRules } from "../../../src/core/paths/rules.ts";
import { seededRandom } from "../../support/fake_system.ts";

Deno.test("pathRewrite() applies each rule", () => {
  const table: [PathRules, string, string][] = [
    [{}, "/About/", "/About/"],
    [{}, "/a?page=2", "/a"],
    [{ trailing_slash: "remove" }, "/about/", "/about"],
    [{ trailing_slash: "remove" }, "/about//", "/about"],
    [{ trailing_slash: "remove" }, "/", "/"],
    [{ trailing_slash: "add" }, "/about", "/about/"],
    [{ trailing_slash: "add" }, "/feed.xml", "/feed.xml"],
    [{ trailing_slash: "add" }, "/", "/"],
    [{ default_documents: ["index.html"] }, "/index.html", "/"],
    [{ default_documents: ["index.html"] }, "/docs/index.html", "/docs/"],
    [{ default_documents: ["index.html"] }, "/xindex.html", "/xindex.html"],
    [{ default_documents: ["index.html"], trailing_slash: "remove" }, "/d/index.html", "/d"],
    [{ lowercase: true }, "/About/ÜBER%2FX", "/about/über%2Fx"],
    [{ query_parameters: ["page", "q"] }, "/l?q=a+b&x=1&page=2&q=é", "/l?page=2&q=a%20b&q=é"],
    [{ query_parameters: ["page"] }, "/l?page=&xpage=1", "/l"],
    [{ masks: [{ from: "/user/*", to: "/user/:id" }] }, "/user/7", "/user/:id"],
    [{ masks: [{ from: "/user/*", to: "/user/:id" }] }, "/user/7/", "/user/:id/"],
    [{ masks: [{ from: "/user/*", to: "/user/:id" }] }, "/user/7/x", "/user/7/x"],
    [{ masks: [{ from: "/user/*", to: "/user/:id" }] }, "/user/", "/user/"],
    [{ masks: [{ from: "/u/#/*", to: "/u/:id/*" }] }, "/u/12/edit", "/u/:id/edit"],
    [{ masks: [{ from: "/u/#/*", to: "/u/:id/*" }] }, "/u/me/edit", "/u/me/edit"],
    [{ masks: [{ from: "/en/**", to: "/**" }] }, "/en/a/b", "/a/b"],
    [{ masks: [{ from: "/x/**", to: "/y/**" }] }, "/x/a/b", "/y/a/b"],
    [{ masks: [{ from: "/Café/*", to: "/caf%C3%A9/:x" }], lowercase: true }, "/café/1", "/café/:x"],
    [
      { masks: [{ from: "/a/*", to: "/b/*" }, { from: "/b/*", to: "/c" }], trailing_slash: "add" },
      "/a/1",
      "/c/",
    ],
  ];
  for (const [rules, path, expected] of table) {
    assert.equal(faultOfPathRules(rules), null, JSON.stringify(rules));
    assert.equal(pathRewrite(rules)(path), expected, `${JSON.stringify(rules)} ${path}`);
  }
});

Deno.test("faultOfPathRules() names what is wrong", () => {
  const table: [unknown, RegExp][] = [
    [[], /no object/],
    [{ slash: "keep" }, /slash is none of them/],
    [
      { masks: [{ from: "/a", to: "/b" }, { from: "no arrow", to: "" }] },
      /masks: number 2: it has/,
    ],
    [{ trailing_slash: "cut" }, /trailing_slash/],
    [{ lowercase: 1 }, /lowercase/],
    [{ default_documents: ["a/b"] }, /default_documents/],
    [{ query_parameters: "page" }, /query_parameters/],
    [{ query_parameters: ["a=b"] }, /query_parameters/],
    [{ query_parameters: ["a\u0007"] }, /query_parameters/],
    [{ default_documents: ["index\u009b.html"] }, /default_documents/],
    [{ masks: [{ from: "/a\u0000", to: "/b" }] }, /no from and to/],
    [{ masks: [{ from: "/a", to: "/b\u001b" }] }, /no from and to/],
    [{ masks: {} }, /masks/],
    [{ masks: [{ from: "/a" }] }, /no from and to/],
    [{ masks: [{ from: "a", to: "/b" }] }, /no from and to/],
    [{ masks: [{ from: "/a", to: "/b", x: 1 }] }, /no from and to/],
    [{ masks: [{ from: "/**/a", to: "/b" }] }, /\*\* is not at the end/],
    [{ masks: [{ from: "/a/*", to: "/b/#" }] }, /a wildcard of/],
    [{ masks: [{ from: "/a", to: "/b" }, { from: "/b", to: "/a" }] }, /without end/],
    [{ masks: Array(51).fill({ from: "/a", to: "/b" }) }, /masks/],
  ];
  for (const [value, fault] of table) assert.match(faultOfPathRules(value) ?? "", fault);
});

/** The rules once more, by lists of segments, for paths without a query. */
function byHand(rules: PathRules, path: string): string {
  const { lowercase = false, trailing_slash = "keep", default_documents = [] } = rules;
  const fold = (segments: string[]): string[] => {
    const last = segments.at(-1) ?? "";
    const front = segments.slice(0, -1);
    if (default_documents.includes(last)) return fold([...front, ""]);
    if (trailing_slash === "remove" && last === "" && segments.length > 1) return fold(front);
    return trailing_slash === "add" && last !== "" && !last.includes(".")
      ? [...segments, ""]
      : segments;
  };
  const lower = (text: string) => lowercase ? normalPath(text.toLowerCase()) : text;
  const step = (segments: string[]): string[] => {
    const open = segments.length > 1 && segments.at(-1) === "";
    const own = open ? segments.slice(0, -1) : segments;
    for (const { from, to } of rules.masks ?? []) {
      const pattern = lower(from).slice(1).split("/");
      const expression = pattern.map((one) =>
        one === "**" ? ".+" : one === "*" ? "[^/]+" : one === "#" ? "\\d+" : RegExp.escape(one)
      ).join("/");
      const isRest = pattern.at(-1) === "**" && own.length >= pattern.length;
      if (!isRest && !new RegExp(`^${expression}$`, "s").test(own.join("/"))) continue;
      if (!new RegExp(`^${expression.replace(/\.\+$/, ".*")}$`, "s").test(own.join("/"))) continue;
      const target = lower(to).slice(1).split("/").flatMap((one, at) =>
        one === "**"
          ? own.slice(pattern.length - 1)
          : one === "*" || one === "#"
          ? [own[at] ?? ""]
          : [one]
      );
      return fold(lower([...target, ...(open ? [""] : [])].join("/")).split("/"));
    }
    return segments;
  };
  const start = fold(lower(path).slice(1).split("/"));
  let now = start;
  for (let round = 0; round < 20; round++) {
    const next = step(now);
    if (next.join("/") === now.join("/")) return `/${now.join("/")}`;
    now = next;
  }
  return `/${start.join("/")}`;
}

Deno.test("pathRewrite() agrees with rules written otherwise, and with itself", () => {
  const random = seededRandom(11);
  const pick = <T>(list: readonly T[]): T => {
    const [byte = 0] = random.bytes(1);
    return list[byte % list.length] as T;
  };
  const segment = () => pick(["a", "B", "7", "12", "x.html", "index.html", "é", "", "%2F"]);
  const path = () =>
    `/${Array.from({ length: 1 + pick([0, 1, 2, 3]) }, segment).join("/")}${pick(["", "/"])}`;
  const wild = () => pick(["a", "B", "*", "#", "7", "*", "index.html"]);
  const masks = () => {
    const from = Array.from({ length: 1 + pick([0, 1, 2]) }, wild);
    if (pick([true, false, false])) from.push("**");
    const to = from.map((one) => pick([one, one, "b", ":id"]));
    if (pick([true, false, false])) to.splice(0, 1);
    return {
      from: `/${from.join("/")}`,
      to: `/${to.filter((one, at) => one !== "**" || at === to.length - 1).join("/")}`,
    };
  };
  let accepted = 0;
  for (let round = 0; round < 2000; round++) {
    const rules: PathRules = {
      trailing_slash: pick(["keep", "remove", "add"]),
      lowercase: pick([true, false]),
      default_documents: pick([[], ["index.html"], ["index.html", "a"]]),
      masks: Array.from({ length: pick([0, 1, 2, 3]) }, masks),
    };
    if (faultOfPathRules(rules) !== null) continue;
    accepted++;
    const rewrite = pathRewrite(rules);
    for (let n = 0; n < 10; n++) {
      const given = path();
      const once = rewrite(given);
      assert.equal(once, byHand(rules, given), `${JSON.stringify(rules)} ${given}`);
      assert.equal(rewrite(once), once, `${JSON.stringify(rules)} ${given}`);
    }
  }
  assert.ok(accepted > 500, `${accepted} of the rules are accepted`);
});
