// The credentials of a request: API keys and the login cookie. They are read here, not checked.

/** Name of the login cookie. */
export const SESSION_COOKIE = "mm_session";

const COOKIES_TRIED_MAX = 8;

/** The cookie that carries a token for `lifeSecs`; an empty token deletes it. */
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

/** The API keys in a request's headers, unchecked. */
export function presentedKeys(headers: Headers): string[] {
  const bearer = /^bearer +(mm_\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  return [bearer, headers.get("x-api-key")].filter((key) => key !== null && key !== undefined);
}

/** Values of the login cookie; there can be several if a parent domain sets one too. */
export function sessionCookies(headers: Headers): string[] {
  const cookies = headers.get("cookie");
  if (!cookies) return [];
  const prefix = `${SESSION_COOKIE}=`;
  return cookies.split(";").map((cookie) => cookie.trim())
    .filter((cookie) => cookie.startsWith(prefix)).slice(0, COOKIES_TRIED_MAX)
    .map((cookie) => cookie.slice(prefix.length));
}
