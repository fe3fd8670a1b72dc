// The entries of the menu, by the reader's rights.
import { ask } from "../../lib/ask/api.js";
import { whenReached } from "../../lib/ask/connection.js";

/** @typedef {"about" | "keys" | "setup" | null} DialogName */

/**
 * @param {import("../../lib/state/context.js").App} app
 * @param {ReturnType<typeof import("../../lib/state/session.js").useSession>} session
 * @param {(dialog: DialogName) => void} open
 */
export function menuOf({ t, navigate, owner }, { auth, reload, expired, left }, open) {
  const locked = !auth.setup_required;
  return [
    { label: t("all_sites"), onChoose: () => navigate({ view: "sites" }) },
    ...(owner
      ? [
        { label: t("settings"), onChoose: () => navigate({ view: "settings" }) },
        { label: "SQL", onChoose: () => navigate({ view: "sql", own: {} }) },
      ]
      : []),
    { label: t("keyboard"), onChoose: () => open("keys") },
    ...(locked ? [] : [{ label: t("password_set"), onChoose: () => open("setup") }]),
    { label: t("about"), onChoose: () => open("about") },
    ...(locked && auth.authenticated
      ? [{ label: t("logout"), onChoose: () => logOut().then(left).then(reload) }]
      : []),
    // Public sites need a login entry for their owner.
    ...(locked && !auth.authenticated ? [{ label: t("login"), onChoose: expired }] : []),
  ];
}

/**
 * Ends the login, when the server is back where it can't be reached.
 * @returns {Promise<void>}
 */
async function logOut() {
  try {
    await ask("api/auth/logout", { method: "POST" });
  } catch (error) {
    const { status } = /** @type {import("../../lib/ask/api.js").ApiError} */ (error);
    if (status !== 0) return;
    await whenReached();
    await logOut();
  }
}
