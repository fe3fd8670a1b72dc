// The context of every panel, provided by app.js: texts, state, schema, and functions that change
// the state.
import { createContext, useContext } from "../html.js";

/**
 * A site, as the server lists it.
 * @typedef {object} Site
 * @property {string} site_id
 * @property {string | null} [name]
 * @property {string} [timezone]
 * @property {"monday" | "sunday"} [week_start]
 * @property {boolean} [has_events]
 * @property {boolean} [visit_list] whether single visits may be listed; strangers are not told
 * @property {number} [stored_events] how many are in files; owners are told
 * @property {number} [waiting_events] how many are in none yet; missing while that is not known
 */

/**
 * How many events a site has; 0 for who is not told.
 * @param {Site} site
 */
export function eventsOf({ stored_events = 0, waiting_events = 0 }) {
  return stored_events + waiting_events;
}

/**
 * `replace` takes the place of the present entry of the history.
 * @typedef {(
 *   change: Partial<import("./state.js").State>,
 *   options?: { replace?: boolean },
 * ) => void} Navigate
 */

/**
 * @typedef {object} App
 * @property {import("../format/text.js").Translate} t
 * @property {import("./schema.js").NameOf} name how a name of the schema is written
 * @property {import("../format/format.js").Format} format
 * @property {import("./schema.js").Schema} schema
 * @property {import("./state.js").State} state
 * @property {Navigate} navigate changes the state and the URL
 * @property {readonly Site[]} sites
 * @property {Site} site the one being shown
 * @property {string} today in the site's time zone
 * @property {string} now `YYYY-MM-DD HH:MM` in the site's time zone
 * @property {number} tick rises when answers that include now should be asked again
 * @property {boolean} owner whether the reader may change things
 * @property {() => Promise<void>} reload asks for the list of sites again
 * @property {(site: string) => void} recheckFirstEvent call when a site seems to have no event
 *   at all
 * @property {() => void} expired call when an answer was 401
 * @property {boolean} locked whether nothing is asked until the owner has logged in again
 */

/** The context of the page. Read it with useApp(). */
export const AppContext = createContext(/** @type {App | null} */ (null));

/**
 * The context of the page.
 * @returns {App}
 */
export function useApp() {
  const app = useContext(AppContext);
  if (!app) throw new Error("Cannot draw: no page around");
  return app;
}
