// The description of the API as one page of HTML, without a script and without another host.
import { createHash } from "node:crypto";
import type { Described, OpenApi, Parameter } from "./describe.ts";

const STYLE = `
:root { color-scheme: light dark; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }
details { border-bottom: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
summary { padding: .4rem 0; cursor: pointer; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin: 0 0 1rem; }
th, td { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0; }
pre { overflow-x: auto; }
code { font-size: .9em; }
`;

/** The policy of the page: its own style, and nothing else. */
export const PAGE_POLICY = `default-src 'none'; style-src 'sha256-${
  createHash("sha256").update(STYLE).digest("base64")
}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** The page. */
export function pageOf({ paths, servers }: OpenApi): string {
  const groups = new Map<string, string[]>();
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const [tag = ""] = operation.tags;
      groups.set(tag, [...groups.get(tag) ?? [], operationHtml(method, path, operation)]);
    }
  }
  const base = String(servers[0]?.["url"] ?? "/").replace(/\/$/, "");
  const sections = [...groups].map(([tag, list]) => `<h2>${escaped(tag)}</h2>\n${list.join("\n")}`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API of Mallard Metrics</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>API of Mallard Metrics</h1>
<p>As OpenAPI 3.1: <a href="${escaped(base)}/api/openapi.json">openapi.json</a>. Refusals are
<code>{"error", "code", "field"}</code>.</p>
${sections.join("\n")}
</main>
</body>
</html>
`;
}

function operationHtml(method: string, path: string, operation: Described): string {
  const { summary, parameters, requestBody, responses, security } = operation;
  const who = security.length > 0 ? "<p>Needs a login or an API key.</p>" : "";
  const body = requestBody === undefined
    ? ""
    : `<pre>${escaped(JSON.stringify(requestBody["content"], null, 2))}</pre>`;
  return `<details><summary><code>${method.toUpperCase()} ${escaped(path)}</code>
${escaped(summary)}</summary>${who}${parametersHtml(parameters)}${body}
<p>Answers ${Object.keys(responses).join(", ")}.</p></details>`;
}

function parametersHtml(parameters: readonly Parameter[]): string {
  if (parameters.length === 0) return "";
  const rows = parameters.map(({ name, required, description }) =>
    `<tr><th scope="row"><code>${escaped(name)}</code></th><td>${required ? "required" : ""}</td>` +
    `<td>${escaped(description)}</td></tr>`
  );
  return `<table>${rows.join("")}</table>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
