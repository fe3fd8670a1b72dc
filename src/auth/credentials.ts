// The credentials of a request: API keys, the login cookie and the device cookie. They are read and
// written here, not checked.

/** Name of the login cookie. */
export const SESSION_COOKIE = "mm_session";
/** Name of the cookie by which a browser is known after a login. */
export const DEVICE_COOKIE = "mm_device";

/** No other host can set a cookie with this prefix; browsers take it under TLS only. */
const HOST_PREFIX = "__Host-";
const COOKIES_TRIED_MAX = 8;

/** How long a cookie lives, and whether browsers send it under TLS only. */
export interface CookieOptions {
  readonly lifeSecs: number;
  readonly secure: boolean;
}

/** The cookies that carry a token, in the order of setting; an empty token deletes them. */
export function sessionCookies(token: string, options: CookieOptions): string[] {
  const plain = cookie(SESSION_COOKIE, token, options);
  return options.secure ? [cookie(HOST_PREFIX + SESSION_COOKIE, token, options), plain] : [plain];
}

/** The cookie that carries the value of a device cookie. */
export function deviceCookie(value: string, options: CookieOptions): string {
  return cookie(options.secure ? HOST_PREFIX + DEVICE_COOKIE : DEVICE_COOKIE, value, options);
}

function cookie(name: string, value: string, { lifeSecs, secure }: CookieOptions): string {
  const parts = [
    `${name}=${value}`,
    "HttpOnly",
    "SameSite=Strict",
    "Path=/",
    `Max-Age=${value === "" ? 0 : lifeSecs}`,
  ];
  if (secure) parts.push("Secure");
  return parts.join("; ");
}

/** The API keys in a request's headers, unchecked. */
export function presentedKeys(headers: Headers): string[] {
  const bearer = /^bearer +(mm_\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  return [bearer, headers.get("x-api-key")].filter((key) => key !== null && key !== undefined);
}

/**
 * The token of a login as a Bearer, as API clients send it, and values of the login cookie; there
 * can be several if a parent domain sets one too. Those that no other host can set come first, and
 * so are tried whatever else is sent.
 */
export function presentedSessions(headers: Headers): string[] {
  const bearer = /^bearer +([0-9a-f]{64})$/i.exec(headers.get("authorization") ?? "")?.[1];
  const cookies = valuesOf(headers, SESSION_COOKIE);
  return bearer === undefined ? cookies : [bearer, ...cookies];
}

/** Values of the device cookie, in the same order. */
export function presentedDevices(headers: Headers): string[] {
  return valuesOf(headers, DEVICE_COOKIE);
}

function valuesOf(headers: Headers, name: string): string[] {
  const cookies = headers.get("cookie")?.split(";").map((one) => one.trim()) ?? [];
  const named = (prefix: string) =>
    cookies.filter((one) => one.startsWith(prefix)).map((one) => one.slice(prefix.length));
  return [...named(`${HOST_PREFIX}${name}=`), ...named(`${name}=`)].slice(0, COOKIES_TRIED_MAX);
}
