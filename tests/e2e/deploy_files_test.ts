// The files of deploy/ that no machine here can run: that they can be read, name the versions in
// use and confine the server.
import assert from "node:assert/strict";
import manifest from "../../deno.json" with { type: "json" };
import { SETTING_NAMES, settingRow } from "../../src/config/settings.ts";
import { outputOf, ROOT } from "../../scripts/lib.ts";
import { startReady } from "../support/server/ready_server.ts";
import { withFolder } from "../support/storage/storage.ts";

/** What is read of a service or network of a compose file. */
interface Composed {
  readonly image?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly internal?: boolean;
}

const read = (path: string) => Deno.readTextFile(`${ROOT}${path}`);

Deno.test("the Dockerfile pins its base, runs as another user and checks the server", async () => {
  const lines = (await read("deploy/docker/Dockerfile")).replaceAll("\\\n", " ").split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  const valuesOf = (name: string) =>
    lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
  const [, version] = /^DENO_VERSION=(.*)$/m.exec(await read(".ci/run")) ?? [];
  const bases = valuesOf("FROM");
  assert.equal(bases[0], `--platform=$BUILDPLATFORM denoland/deno:debian-${version} AS build`);
  for (const base of bases) assert.match(base, /^(--platform=\S+ )?\S+:(?!latest)\S+/);
  assert.match(valuesOf("USER")[0] ?? "", /^[1-9]\d*:[1-9]\d*$/);
  for (const name of ["ENTRYPOINT", "CMD", "RUN"]) {
    for (const value of valuesOf(name)) assert.match(value, /^\[".*"\]$/, "no shell");
  }
  assert.match(valuesOf("HEALTHCHECK")[0] ?? "", /CMD \["\/usr\/bin\/mallard", "health"\]$/);
  assert.deepEqual(valuesOf("ADD"), []);
});

for (
  const [program, ...args] of [
    ["hadolint", "--failure-threshold=warning", "deploy/docker/Dockerfile"],
    ["actionlint", ".github/workflows/ci.yml", ".github/workflows/release.yml"],
  ] as const
) {
  Deno.test(`${program} finds no fault`, async () => {
    const done = await outputOf(program, { args, cwd: ROOT });
    if (done === null) return console.log(`Skipping ${program}: it is not installed`);
    assert.equal(done.code, 0, new TextDecoder().decode(done.stdout));
  });
}

Deno.test("the YAML of deploy/ can be read and confines the server", async () => {
  const script = "import json, sys, yaml\n" +
    "print(json.dumps([list(yaml.safe_load_all(open(path))) for path in sys.argv[1:]]))";
  const paths = [
    "docker/compose.yaml",
    "compose.lake.yml",
    "kubernetes/mallard.yaml",
    "traefik/mallard.yaml",
    "prometheus/mallard_alerts.yml",
    "prometheus/scrape.yml",
  ];
  const args = ["-c", script, ...paths.map((path) => `${ROOT}deploy/${path}`)];
  const done = await outputOf("python3", { args });
  const fault = done === null ? "no python3" : new TextDecoder().decode(done.stderr);
  if (done === null || fault.includes("No module named 'yaml'")) {
    return console.log("Python with yaml is not installed: the check of YAML is skipped");
  }
  assert.equal(fault, "");
  const [[compose], [lake], [set, service], [traefik], [alerts], [scrape]] = JSON.parse(
    new TextDecoder().decode(done.stdout),
  );
  const { mallard } = compose.services;
  assert.deepEqual([mallard.read_only, mallard.cap_drop], [true, ["ALL"]]);
  assert.match(mallard.ports[0], /^127\.0\.0\.1:/);
  checkLake(lake);
  const { spec } = set.spec.template;
  assert.equal(set.spec.replicas, 1);
  const [container] = spec.containers;
  assert.equal(container.image, `mallard:${manifest.version}`);
  assert.equal(container.securityContext.readOnlyRootFilesystem, true);
  assert.equal(spec.securityContext.runAsNonRoot, true);
  assert.equal(service.spec.ports[0].targetPort, container.ports[0].name);
  assert.ok(alerts.groups[0].rules.length > 10);
  assert.equal(scrape.scrape_configs[0].job_name, "mallard");
  assert.equal(traefik.http.routers.mallard.service, "mallard");
});

/** The servers differ in their names alone, and nothing is read from a tag that moves. */
function checkLake({ services, networks }: Record<string, Record<string, Composed>>): void {
  const names = ["node1", "node2", "node3"];
  const known = new Set(SETTING_NAMES.map((name) => settingRow(name).env));
  for (const name of names) {
    const { read_only, cap_drop, ports, volumes = [], environment = {} } = services?.[name] ?? {};
    assert.deepEqual([read_only, cap_drop, ports], [true, ["ALL"], undefined], name);
    assert.deepEqual(volumes, [`${name}:/data`]);
    assert.equal(environment["MALLARD_NODE_NAME"], name);
    assert.equal(environment["MALLARD_NODE_URL"], `http://${name}:8000`);
    assert.deepEqual(Object.keys(environment).filter((env) => !known.has(env)), []);
  }
  const rest = (name: string) => {
    const { environment: { MALLARD_NODE_NAME: _, MALLARD_NODE_URL: __, ...common } = {} } =
      services?.[name] ?? {};
    return common;
  };
  for (const name of names) assert.deepEqual(rest(name), rest("node1"));
  for (const [name, { image = "" }] of Object.entries(services ?? {})) {
    if (!names.includes(name)) assert.match(image, /^[\w./]+:(?!latest)[\w.-]*\d[\w.-]*$/, name);
  }
  assert.match(services?.["balancer"]?.ports?.[0] ?? "", /^127\.0\.0\.1:/);
  assert.equal(networks?.["data"]?.internal, true);
}

Deno.test("alert rules and dashboard name metrics that the server has", async () => {
  await withFolder(async (folder) => {
    const server = await startReady(folder, {});
    try {
      // The free space is known once it was looked at.
      await (await fetch(`${server.url}/health/ready`)).body?.cancel();
      const text = await (await fetch(`${server.url}/metrics`)).text();
      const named = async (path: string) =>
        [...(await read(path)).matchAll(/\bmallard_[a-z_]+\b(?=[ )>\[{"\\])/g)].map(([name]) =>
          name
        );
      const used = [
        ...await named("deploy/prometheus/mallard_alerts.yml"),
        ...await named("deploy/grafana/mallard.json"),
      ];
      assert.ok(new Set(used).size > 25, `${new Set(used).size} metrics`);
      const there = new Set(
        [...text.matchAll(/^# TYPE (\S+) (\w+)/gm)].flatMap(([, name = "", type]) =>
          type === "histogram" ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name]
        ),
      );
      assert.deepEqual(used.filter((name) => !there.has(name)), []);
      const rules = await read("deploy/prometheus/mallard_alerts.yml");
      for (const [, label = "", value = ""] of rules.matchAll(/(\w+)=\\"(\w+)\\"/g)) {
        // A status is counted from its first time on.
        if (label !== "job" && label !== "status") {
          assert.ok(text.includes(`{${label}="${value}"}`), `${label} ${value}`);
        }
      }
      assert.match(text, new RegExp(`^mallard_build_info{version="${manifest.version}"} 1$`, "m"));
      assert.match(text, /^mallard_memory_bytes\{part="rss"\} [1-9]\d+$/m);
    } finally {
      assert.equal(await server.stop(), 0, server.output());
    }
  });
});
