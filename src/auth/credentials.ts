// What a request presents to say who sends it: API keys and the cookie of a login. Nothing is
// judged here.

/** Name of the cookie of a login. */
export const SESSION_COOKIE = "mm_session";

const COOKIES_TRIED_MAX = 8;

/** The cookie that carries a token for `lifeSecs`; an empty token takes it back. */
export function sessionCookie(
  token: string,
  { lifeSecs, secure }: { readonly lifeSecs: number; readonly secure: boolean },
): string {
  const parts = [
    `${SESSION_COOKIE}=${token}`,
    "HttpOnly",
    "SameSite=Strict",
    "Path=/",
    `Max-Age=${token === "" ? 0 : lifeSecs}`,
  ];
  if (secure) parts.push("Secure");
  return parts.join("; ");
}

/** API keys of a request, as they stand in its headers; none of them is checked. */
export function presentedKeys(headers: Headers): string[] {
  const bearer = /^bearer +(mm_\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  return [bearer, headers.get("x-api-key")].filter((key) => key !== null && key !== undefined);
}

/** Values of the login cookie; more than one where another site set its own. */
export function sessionCookies(headers: Headers): string[] {
  const cookies = headers.get("cookie");
  if (!cookies) return [];
  const prefix = `${SESSION_COOKIE}=`;
  return cookies.split(";").map((cookie) => cookie.trim())
    .filter((cookie) => cookie.startsWith(prefix)).slice(0, COOKIES_TRIED_MAX)
    .map((cookie) => cookie.slice(prefix.length));
}
