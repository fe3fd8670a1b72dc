// The workflows of .github: that they can be read, run tasks that exist on the pinned Deno, pin
// what they use, and that the release builds every target there is.
import assert from "node:assert/strict";
import manifest from "../../deno.json" with { type: "json" };
import { TARGETS } from "../../scripts/compile/targets.ts";
import { outputOf, ROOT } from "../../scripts/lib.ts";
import { billOfMaterials } from "../../scripts/release/sbom.ts";

const FOLDER = `${ROOT}.github/workflows`;

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly "timeout-minutes": number;
  readonly needs?: string | readonly string[];
  readonly permissions?: Readonly<Record<string, string>>;
  readonly strategy?: {
    readonly matrix: { readonly include: readonly Readonly<Record<string, string>>[] };
  };
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

/** The parsed workflows by file; null where no parser of YAML is at hand. */
async function workflows(): Promise<Record<string, Workflow> | null> {
  const names = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).sort();
  const script = "import json, sys, yaml\n" +
    "print(json.dumps({path: yaml.safe_load(open(path)) for path in sys.argv[1:]}))";
  const args = ["-c", script, ...names];
  const done = await outputOf("python3", { args, cwd: FOLDER });
  const fault = done === null ? "no python3" : new TextDecoder().decode(done.stderr);
  if (done === null || fault.includes("No module named 'yaml'")) return null;
  assert.equal(fault, "");
  return JSON.parse(new TextDecoder().decode(done.stdout));
}

Deno.test("the workflows pin what they use and run tasks that exist", async () => {
  const all = await workflows();
  if (all === null) return console.log("Python with yaml is not installed: workflows are skipped");
  const [, deno = ""] = /^DENO_VERSION=(.*)$/m.exec(await Deno.readTextFile(`${ROOT}.ci/run`)) ??
    [];
  for (const [file, { permissions, jobs }] of Object.entries(all)) {
    assert.deepEqual(permissions, { contents: "read" }, file);
    for (const [name, job] of Object.entries(jobs)) {
      assert.ok(job["timeout-minutes"] > 0, `${file} ${name}`);
      for (const needed of [job.needs ?? []].flat()) assert.ok(Object.hasOwn(jobs, needed), needed);
      for (const { uses, run = "" } of job.steps) {
        if (uses !== undefined) assert.match(uses, /^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
        for (const [, task = ""] of run.matchAll(/\btask ([\w:]+)/g)) {
          assert.ok(Object.hasOwn(manifest.tasks, task), `${file} runs the task ${task}`);
        }
        assert.doesNotMatch(run, /\$\{\{/, "no text of the event inside a script");
      }
    }
  }
  const release = await Deno.readTextFile(`${FOLDER}/release.yml`);
  assert.match(release, new RegExp(`DENO: deno@${deno.replaceAll(".", "\\.")}$`, "m"));
});

Deno.test("the release builds and tries every target on its own kind of machine", async () => {
  const jobs = (await workflows())?.["release.yml"]?.jobs;
  if (jobs === undefined) return;
  const built = jobs["build"]?.strategy?.matrix.include ?? [];
  const named = Object.fromEntries(built.map(({ target = "", file }) => [target, file]));
  assert.deepEqual(
    named,
    Object.fromEntries(Object.entries(TARGETS).map(([target, { file }]) => [target, file])),
  );
  for (const { target = "", runner = "" } of built) {
    const kind = /linux/.test(target) ? "ubuntu" : /apple/.test(target) ? "macos" : "windows";
    assert.ok(runner.startsWith(kind), runner);
    if (kind === "ubuntu") assert.equal(runner.endsWith("-arm"), target.startsWith("aarch64"));
  }
  const scripts = (name: string) => jobs[name]?.steps.map(({ run = "" }) => run).join("\n") ?? "";
  assert.match(scripts("build"), /task compile --target "\$TARGET"[^]*task release:smoke/);
  assert.match(scripts("publish"), /sha256sum[^]*gh release create/);
  const image = jobs["image"]?.steps.find(({ uses = "" }) => uses.includes("build-push"))?.with;
  assert.equal(image?.["platforms"], "linux/amd64,linux/arm64");
  assert.ok((await Deno.stat(`${ROOT}${image?.["file"]}`)).isFile);
});

Deno.test("the bill of materials names what is in the executable and nothing else", async () => {
  const { components } = await billOfMaterials();
  const names = components.map(({ name }) => name);
  for (const name of ["@duckdb/node-api", "isbot", "preact", "deno"]) {
    assert.ok(names.includes(name), name);
  }
  for (const name of ["playwright-core", "axe-core"]) assert.ok(!names.includes(name), name);
  for (const { type, name, hashes } of components) {
    if (type === "library") assert.match(hashes?.[0]?.content ?? "", /^[0-9a-f]{128}$/, name);
  }
});
