// Who is looking and at which sites: asked at the start, and again when it may have changed.
import { ApiError, ask } from "./api.js";
import { useCallback, useEffect, useState } from "./html.js";

/**
 * @typedef {object} Session
 * @property {"loading" | "login" | "open" | "fault"} phase
 * @property {{ setup_required: boolean, authenticated: boolean }} auth
 * @property {readonly import("./context.js").Site[]} sites
 * @property {ApiError | null} fault the last one, gone with the next answer
 */

/** @type {Session} */
const START = {
  phase: "loading",
  auth: { setup_required: false, authenticated: false },
  sites: [],
  fault: null,
};

/**
 * The session, and how to ask for it again.
 * @returns {Session & { reload: () => Promise<void>, expired: () => void }}
 */
export function useSession() {
  const [session, setSession] = useState(START);
  const reload = useCallback(() =>
    load().then(setSession, (error) => {
      const fault = error instanceof ApiError ? error : new ApiError(0, String(error));
      setSession((before) => ({
        ...before,
        phase: before.phase === "open" ? "open" : "fault",
        fault,
      }));
    }), []);
  useEffect(() => void reload(), []);
  const expired = useCallback(() => setSession((before) => ({ ...before, phase: "login" })), []);
  return { ...session, reload, expired };
}

/** @returns {Promise<Session>} */
async function load() {
  const [auth, sites] = await Promise.all([
    /** @type {Promise<Session["auth"]>} */ (ask("api/auth/status")).catch((error) => {
      if (error.status === 404) return START.auth;
      throw error;
    }),
    /** @type {Promise<Session["sites"] | null>} */ (ask("api/sites")).catch((error) => {
      if (error.status === 401) return null;
      throw error;
    }),
  ]);
  return { phase: sites ? "open" : "login", auth, sites: sites ?? [], fault: null };
}
