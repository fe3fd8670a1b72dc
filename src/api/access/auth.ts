// /api/auth/…: setting the first password, logging in and out, and what the caller may do.
import type { Auth } from "../../auth/auth.ts";
import { json } from "../../http/response.ts";
import type { Route } from "../../http/route.ts";

/** Routes of setup, login, logout and status. */
export function authRoutes(auth: Auth): Route[] {
  const loggedIn = (token: string) => json({ token }, 200, { "set-cookie": auth.cookie(token) });
  return [
    {
      method: "POST",
      path: "/api/auth/setup",
      right: "public",
      handle: async (context) => loggedIn(await auth.setUp(context)),
    },
    {
      method: "POST",
      path: "/api/auth/login",
      right: "public",
      handle: async (context) => loggedIn(await auth.logIn(context)),
    },
    {
      method: "POST",
      path: "/api/auth/logout",
      right: "public",
      handle: ({ request }) => {
        auth.logOut(request);
        return json({ status: "logged_out" }, 200, { "set-cookie": auth.cookie("") });
      },
    },
    {
      method: "GET",
      path: "/api/auth/status",
      right: "public",
      handle: ({ access }) =>
        json({
          setup_required: !auth.configured,
          authenticated: access.who === "session" || access.who === "key",
          rights: [...access.rights],
        }),
    },
  ];
}
