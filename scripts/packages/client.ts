// The npm package mallard-client: types of the statistics API made from its description, over the
// small module in packages/client.
import type { Described, OpenApi } from "../../src/api/openapi/describe.ts";
import type { Schema } from "../../src/api/openapi/schema.ts";
import { ROOT } from "../lib.ts";
import { type PackageFiles, packageJson } from "./package.ts";

const PLACE = "const OPERATIONS = {};\n";
const PATHS = /^\/api\/(stats\/(?!live|view)|schema$|sites(\/\{site_id\})?$)/;

/** Names of methods whose last word another path has, too. */
const NAMES: Readonly<Record<string, string>> = {
  "/api/sites/{site_id}": "site",
  "/api/stats/sites": "all_sites",
};

interface Method {
  readonly name: string;
  readonly path: string;
  readonly operation: Described;
}

/** The files of the package by their names, for a description. */
export async function clientPackage(description: OpenApi): Promise<PackageFiles> {
  const read = (path: string) => Deno.readTextFile(`${ROOT}${path}`);
  const module = await read("packages/client/index.js");
  if (!module.includes(PLACE)) {
    throw new Error("Cannot make mallard-client: no place for its table");
  }
  const methods = methodsOf(description);
  const table = Object.fromEntries(methods.map(({ name, path }) => [name, path]));
  return {
    "package.json": packageJson("mallard-client", "The statistics API of your server, with types"),
    "index.js": module.replace(PLACE, () => `const OPERATIONS = ${JSON.stringify(table)};\n`),
    "index.d.ts": await read("packages/client/index.d.ts") + typesOf(methods, description),
    "README.md": await read("packages/client/README.md"),
    "LICENSE": await read("LICENSE"),
  };
}

/** What is read with GET, under the last word of its path. */
function methodsOf({ paths }: OpenApi): Method[] {
  return Object.entries(paths).flatMap(([path, { get }]) => {
    if (!get || !PATHS.test(path)) return [];
    const words = path.split("/").filter((word) => word !== "" && !word.startsWith("{"));
    const name = NAMES[path] ?? words.at(-1) ?? "";
    return [{ name, path, operation: get }];
  });
}

function typesOf(methods: readonly Method[], { components }: OpenApi): string {
  const shared = Object.entries<Schema>(Object(components["schemas"])).map(([name, schema]) =>
    `export type ${name} = ${typeOf(schema)};\n`
  );
  const answers = methods.map(({ name, operation: { responses, summary } }) => {
    const content = Object(responses["200"]?.["content"] ?? {});
    const schema: Schema = Object(content["application/json"]).schema ?? {};
    return `/** ${summary}. */\nexport type ${capital(name)}Answer = ${typeOf(schema)};\n`;
  });
  const params = methods.map(({ name, operation: { parameters } }) => {
    const fields = parameters.map(({ name, required, description }) =>
      `  /** ${description} */\n  readonly ${key(name)}${
        required ? "" : "?"
      }: string | number | boolean;\n`
    );
    return `export interface ${capital(name)}Params {\n${fields.join("")}}\n`;
  });
  const client = methods.map(({ name, operation: { parameters, summary } }) => {
    const isOptional = parameters.every(({ required }) => !required);
    return `  /** ${summary}. */\n  ${key(name)}(params${isOptional ? "?" : ""}: ${
      capital(name)
    }Params, ` +
      `options?: CallOptions): Promise<${capital(name)}Answer>;\n`;
  });
  return [
    "",
    ...shared,
    ...answers,
    ...params,
    `/** The API of one server. */\nexport interface Client {\n${client.join("")}}\n`,
    "/** Makes the client of one server. */\n" +
    "export function createClient(options: ClientOptions): Client;\n",
  ].join("\n");
}

/** A schema as a type. */
export function typeOf(schema: Schema): string {
  const { $ref, anyOf, type, properties, items, additionalProperties } = schema;
  if (typeof $ref === "string") return $ref.slice($ref.lastIndexOf("/") + 1);
  if (Array.isArray(anyOf)) return anyOf.map(typeOf).join(" | ");
  if (Array.isArray(schema["enum"])) {
    return schema["enum"].map((one) => JSON.stringify(one)).join(" | ");
  }
  if (Array.isArray(type)) return type.map((one) => typeOf({ ...schema, type: one })).join(" | ");
  if (type === "array") return `readonly (${typeOf(Object(items ?? {}))})[]`;
  if (type === "integer") return "number";
  if (type !== "object") return typeof type === "string" ? type : "unknown";
  if (properties === undefined) {
    return `Readonly<Record<string, ${typeOf(Object(additionalProperties ?? {}))}>>`;
  }
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  const fields = Object.entries<Schema>(Object(properties)).map(([name, field]) =>
    `readonly ${key(name)}${required.includes(name) ? "" : "?"}: ${typeOf(field)}`
  );
  return `{ ${fields.join("; ")} }`;
}

function key(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

function capital(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}
