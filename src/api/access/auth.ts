// /api/auth/…: setting the first password, logging in and out, and what the caller may do.
import type { Auth } from "../../auth/auth.ts";
import type { Access } from "../../core/access.ts";
import { json } from "../../http/response.ts";
import type { Route } from "../../http/route.ts";
import { umamiUser } from "../peers/umami.ts";

/** Routes of setup, login, logout and status. Administrators see the names of weak secrets. */
export function authRoutes(auth: Auth, weakSecrets: readonly string[] = []): Route[] {
  const warningsFor = ({ rights }: Access) => {
    if (!rights.has("admin")) return {};
    const line = auth.missingProxy;
    const all = {
      ...(line === null ? {} : { missing_proxy: line }),
      ...(weakSecrets.length === 0 ? {} : { weak_secrets: weakSecrets }),
    };
    return Object.keys(all).length > 0 ? { warnings: all } : {};
  };
  return [
    {
      method: "POST",
      path: "/api/auth/setup",
      right: "public",
      handle: async (context) => {
        const { token, keys } = await auth.setUp(context);
        return withCookies({ token, ...(keys.length > 0 ? { keys } : {}) }, auth.cookies(token));
      },
    },
    {
      method: "POST",
      path: "/api/auth/login",
      right: "public",
      handle: async (context) => {
        const { token, username } = await auth.logIn(context);
        return username === null
          ? withCookies({ token }, auth.cookies(token))
          : json({ token, user: umamiUser(username) });
      },
    },
    {
      method: "POST",
      path: "/api/auth/logout",
      right: "public",
      handle: async ({ request }) => {
        await auth.logOut(request);
        return withCookies({ status: "logged_out" }, auth.cookies(""));
      },
    },
    {
      method: "GET",
      path: "/api/auth/status",
      right: "public",
      handle: ({ request, access }) => {
        const device = auth.deviceCookie(request, access);
        return withCookies({
          setup_required: !auth.configured,
          authenticated: access.who === "session" || access.who === "key",
          rights: [...access.rights],
          ...warningsFor(access),
        }, device === null ? [] : [device]);
      },
    },
  ];
}

/** A JSON response with several Set-Cookie headers, in this order. */
function withCookies(value: unknown, cookies: readonly string[]): Response {
  const response = json(value);
  for (const cookie of cookies) response.headers.append("set-cookie", cookie);
  return response;
}
