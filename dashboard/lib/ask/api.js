// The HTTP client of the dashboard: JSON requests and answers, one error class. It knows no report
// and has no state.

/** An event of the window: an answer was 401. */
export const UNAUTHORIZED = "unauthorized";

/** What the server, or the way to it, said instead of an answer. Status 0: not reached. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} message
   * @param {number} retryAfterSecs
   * @param {string} field the first parameter or field that is wrong, where one is
   */
  constructor(status, message, retryAfterSecs = 0, field = "") {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.retryAfterSecs = retryAfterSecs;
    this.field = field;
  }
}

/** @typedef {Record<string, string | number | boolean | null | undefined>} Params */

/**
 * `path?a=b` with all non-empty parameters.
 * @param {string} path
 * @param {Params} params
 * @returns {string}
 */
export function withParams(path, params) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== null && value !== undefined && value !== "") search.append(name, String(value));
  }
  const text = search.toString();
  return text === "" ? path : `${path}?${text}`;
}

/**
 * The API path of a part of a site, such as `/goals`.
 * @param {string} site
 * @param {string} rest
 * @returns {string}
 */
export function sitePath(site, rest) {
  return withParams(`api/sites/${encodeURIComponent(site)}${rest}`, {});
}

/**
 * The URL of a path below this page's folder, so that a base path works.
 * @param {string} path
 * @returns {string}
 */
export function addressOf(path) {
  return new URL(path, document.baseURI).href;
}

/**
 * Sends a request and resolves with the parsed JSON. Rejects with ApiError, or AbortError on abort.
 * @param {string} path relative to the page, such as `api/sites`
 * @param {{ method?: string, body?: unknown, file?: Blob, signal?: AbortSignal }} [options] `file`
 *   is sent as it is
 * @returns {Promise<unknown>} the caller says what it is
 */
export async function ask(path, { method = "GET", body, file, signal } = {}) {
  /** @type {RequestInit} */
  const init = { method, headers: { accept: "application/json" }, credentials: "same-origin" };
  if (signal) init.signal = signal;
  if (body !== undefined) {
    init.headers = { ...init.headers, "content-type": "application/json" };
    init.body = JSON.stringify(body);
  }
  if (file !== undefined) {
    init.headers = { ...init.headers, "content-type": "application/octet-stream" };
    init.body = file;
  }
  const response = await fetch(addressOf(path), init).catch((error) => {
    if (error?.name === "AbortError") throw error;
    throw new ApiError(0, String(error?.message ?? error));
  });
  const answer = await response.json().catch((error) => {
    if (error?.name === "AbortError") throw error;
    return null;
  });
  if (response.ok && answer !== null) return answer;
  throw errorOf(response.status, answer, response.headers.get("retry-after"));
}

/**
 * The error of an answer that is none; the window is told of one that wants a login.
 * @param {number} status
 * @param {unknown} body
 * @param {string | null} retryAfter
 * @returns {ApiError}
 */
export function errorOf(status, body, retryAfter) {
  const { error, field } = /** @type {{ error?: unknown, field?: unknown }} */ (Object(body));
  const message = typeof error === "string" ? error : `HTTP ${status}`;
  const place = typeof field === "string" ? field : "";
  if (status === 401) dispatchEvent(new Event(UNAUTHORIZED));
  return new ApiError(status, message, Number(retryAfter ?? 0) || 0, place);
}
