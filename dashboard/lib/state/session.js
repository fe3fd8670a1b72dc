// The current login and its sites: requested at start, and again after a possible change.
import { ApiError, ask } from "../ask/api.js";
import { connectionLost, useConnectionLost } from "../ask/connection.js";
import { NO_SCHEMA } from "./schema.js";
import { useCallback, useEffect, useState } from "../html.js";

/**
 * @typedef {object} Auth
 * @property {boolean} setup_required
 * @property {boolean} authenticated
 * @property {{ missing_proxy?: string, weak_secrets?: ("secret" | "admin_password")[] }} [warnings]
 */

/**
 * @typedef {object} Session
 * @property {"loading" | "login" | "open" | "fault"} phase
 * @property {Auth} auth
 * @property {readonly import("./context.js").Site[]} sites
 * @property {import("./schema.js").Schema} schema
 * @property {ApiError | null} fault the last one, gone with the next answer
 */

/** @type {Session} */
const START = {
  phase: "loading",
  auth: { setup_required: false, authenticated: false },
  sites: [],
  schema: NO_SCHEMA,
  fault: null,
};

/**
 * The session, and a function that reloads it.
 * @returns {Session & { reload: () => Promise<void>, expired: () => void }}
 */
export function useSession() {
  const [session, setSession] = useState(START);
  const reload = useCallback(() =>
    load().then(setSession, (error) => {
      const fault = error instanceof ApiError ? error : new ApiError(0, String(error));
      if (fault.status === 0) connectionLost();
      setSession((before) => ({
        ...before,
        phase: before.phase === "open" ? "open" : "fault",
        fault,
      }));
    }), []);
  useEffect(() => void reload(), []);
  const isBack = !useConnectionLost() && session.fault?.status === 0;
  useEffect(() => {
    if (isBack) void reload();
  }, [isBack]);
  const expired = useCallback(() => setSession((before) => ({ ...before, phase: "login" })), []);
  return { ...session, reload, expired };
}

/** The same is preloaded by the page. */
const SCHEMA = "api/schema?parts=metrics,dimensions,operators,periods,intervals,comparisons," +
  "site_settings";

/**
 * The schema does not change while the page is open.
 * @type {Promise<import("./schema.js").Schema> | null}
 */
let schemaAsked = null;

function askSchema() {
  schemaAsked ??= /** @type {Promise<import("./schema.js").Schema>} */ (ask(SCHEMA));
  schemaAsked.catch(() => schemaAsked = null);
  return schemaAsked;
}

/** @returns {Promise<Session>} */
async function load() {
  const locked = (/** @type {ApiError} */ error) => {
    if (error.status === 401) return null;
    throw error;
  };
  const [auth, sites, schema] = await Promise.all([
    /** @type {Promise<Session["auth"]>} */ (ask("api/auth/status")),
    /** @type {Promise<Session["sites"] | null>} */ (ask("api/sites")).catch(locked),
    askSchema().catch(locked),
  ]);
  const phase = sites && schema ? "open" : "login";
  return { phase, auth, sites: sites ?? [], schema: schema ?? NO_SCHEMA, fault: null };
}
