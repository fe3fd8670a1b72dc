// mallard-client: the statistics API of a Mallard Metrics server. The table of operations is put in
// by `deno task packages` from the server's own description.

/** @type {Record<string, string>} */
const OPERATIONS = {};

/** A refusal of the server, in its own words. */
export class MallardError extends Error {
  /**
   * @param {number} status
   * @param {{ error?: string, code?: string, field?: string }} body
   */
  constructor(status, { error = `status ${status}`, code, field }) {
    super(error);
    this.name = "MallardError";
    this.status = status;
    this.code = code;
    this.field = field;
  }
}

/**
 * Makes the client of one server.
 * @param {import("./index.d.ts").ClientOptions} options
 */
export function createClient({ url, key, fetch: ask = globalThis.fetch }) {
  const base = url.replace(/\/+$/, "");
  const headers = key === undefined ? {} : { "x-api-key": key };
  const call = async (
    /** @type {string} */ path,
    /** @type {Record<string, unknown>} */ params,
    /** @type {{ signal?: AbortSignal }} */ { signal } = {},
  ) => {
    const query = new URLSearchParams();
    const used = new Set();
    const filled = path.replace(/\{(\w+)\}/g, (_, name) => {
      used.add(name);
      return encodeURIComponent(String(params[name]));
    });
    for (const [name, value] of Object.entries(params)) {
      if (value !== undefined && !used.has(name)) query.set(name, String(value));
    }
    const response = await ask(`${base}${filled}?${query}`, { headers, ...signal && { signal } });
    const text = await response.text();
    if (!response.ok) throw new MallardError(response.status, bodyOf(text));
    return JSON.parse(text);
  };
  return Object.fromEntries(
    Object.entries(OPERATIONS).map(([name, path]) => [
      name,
      (/** @type {Record<string, unknown>} */ params = {}, /** @type {*} */ options = {}) =>
        call(path, name === "export" ? { format: "json", ...params } : params, options),
    ]),
  );
}

/** What a proxy answers is no JSON. @param {string} text */
function bodyOf(text) {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}
