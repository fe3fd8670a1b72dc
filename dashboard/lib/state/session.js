// The current login and its sites: requested at start, and again after a possible change.
import { ApiError, ask, UNAUTHORIZED } from "../ask/api.js";
import { connectionLost, useConnectionLost } from "../ask/connection.js";
import { NO_SCHEMA } from "./schema.js";
import { useCallback, useEffect, useRef, useState } from "../html.js";

/**
 * @typedef {object} Auth
 * @property {boolean} setup_required
 * @property {boolean} authenticated
 * @property {{ missing_proxy?: string, weak_secrets?: ("secret" | "admin_password")[] }} [warnings]
 */

/**
 * @typedef {object} Session
 * @property {"loading" | "login" | "open" | "fault"} phase
 * @property {boolean} locked the login of an open page has ended: the page is kept below the next
 * @property {Auth} auth
 * @property {readonly import("./context.js").Site[]} sites
 * @property {import("./schema.js").Schema} schema
 * @property {ApiError | null} fault the last one, gone with the next answer
 */

/** @type {Session} */
const START = {
  phase: "loading",
  locked: false,
  auth: { setup_required: false, authenticated: false },
  sites: [],
  schema: NO_SCHEMA,
  fault: null,
};

/**
 * Whether the reader may change things.
 * @param {Auth} auth
 */
export const isOwner = (auth) => auth.authenticated || auth.setup_required;

/**
 * What follows on a session: an owner whose login has ended keeps the page.
 * @param {Session} before
 * @param {Session} now
 * @returns {Session}
 */
function following(before, now) {
  const hasEnded = before.phase === "open" && isOwner(before.auth) && !isOwner(now.auth);
  return hasEnded ? { ...before, locked: true, fault: null } : now;
}

/**
 * The session, and functions that load it again, and that change it: `expired` to a login, `left`
 * to nobody's.
 * @returns {Session & { reload: () => Promise<void>, expired: () => void, left: () => void }}
 */
export function useSession() {
  const [session, setSession] = useState(START);
  const loads = useRef(0);
  const reload = useCallback(async () => {
    loads.current++;
    await load().then((now) => setSession((before) => following(before, now)), (error) => {
      const fault = error instanceof ApiError ? error : new ApiError(0, String(error));
      if (fault.status === 0) connectionLost();
      setSession((before) => ({
        ...before,
        phase: before.phase === "open" ? "open" : "fault",
        fault,
      }));
    });
    loads.current--;
  }, []);
  useEffect(() => void reload(), []);
  // Also what is asked elsewhere tells an owner that the login has ended.
  const isOwned = session.phase === "open" && !session.locked && isOwner(session.auth);
  useEffect(() => {
    if (!isOwned) return;
    const look = () => void (loads.current > 0 || reload());
    addEventListener(UNAUTHORIZED, look);
    return () => removeEventListener(UNAUTHORIZED, look);
  }, [isOwned]);
  const isBack = !useConnectionLost() && session.fault?.status === 0;
  useEffect(() => {
    if (isBack) void reload();
  }, [isBack]);
  const expired = useCallback(
    () => setSession((before) => isOwner(before.auth) ? before : { ...before, phase: "login" }),
    [],
  );
  const left = useCallback(() => setSession((before) => ({ ...before, auth: START.auth })), []);
  return { ...session, reload, expired, left };
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
  const refused = (/** @type {ApiError} */ error) => {
    if (error.status === 401) return null;
    throw error;
  };
  const [auth, sites, schema] = await Promise.all([
    /** @type {Promise<Session["auth"]>} */ (ask("api/auth/status")),
    /** @type {Promise<Session["sites"] | null>} */ (ask("api/sites")).catch(refused),
    askSchema().catch(refused),
  ]);
  const phase = sites && schema ? "open" : "login";
  const known = { sites: sites ?? [], schema: schema ?? NO_SCHEMA };
  return { ...START, phase, auth, ...known };
}
