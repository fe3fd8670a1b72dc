// Modules that are loaded when they are needed. Without a server the page stays as it is and they
// come when it is back; an update of the server, which has other files, reloads the page once.
import { whenReached } from "./ask/connection.js";

/** That the page was reloaded for a module, until one has come. */
const RELOAD_KEY = "mallard.reloaded";

/** The address that a browser names where it could not fetch a module. */
const NAMED = /\bhttps?:\/\/[^\s?#]+\.js\b/;

/**
 * How often a module could not be fetched, by its address.
 * @type {Map<string, number>}
 */
const failures = new Map();
/** @type {Map<string, Promise<object>>} */
const fetched = new Map();

/**
 * A module that can be fetched after it could not be: browsers keep that it failed, and ask again
 * only under another address.
 * @template {object} T
 * @param {() => Promise<T>} load one `import()`
 * @returns {() => Promise<T>}
 */
export function later(load) {
  return () =>
    load().catch((error) => {
      const address = NAMED.exec(String(error))?.[0] ?? "";
      const before = failures.get(address) ?? 0;
      failures.set(address, before + 1);
      if (address === "" || before === 0) throw error;
      const again = fetched.get(address) ?? import(`${address}?${before}`);
      fetched.set(address, again);
      again.catch(() => fetched.delete(address));
      return /** @type {Promise<T>} */ (again);
    });
}

/** Tries while the server answers. */
const TRIES = 2;

/**
 * Loads modules; waits for the server where it can't be reached. Where it answers and has them not,
 * the page is reloaded, unless `optional`; rejects where that was of no use.
 * @template T
 * @param {() => Promise<T>} load
 * @param {{ optional?: boolean }} [options]
 * @returns {Promise<T>}
 */
export async function loadModule(load, { optional = false } = {}) {
  for (let left = TRIES;;) {
    try {
      const module = await load();
      if (!optional) sessionStorage.removeItem(RELOAD_KEY);
      return module;
    } catch (error) {
      // What failed while there was no server says nothing about the module.
      if (await whenReached() || --left > 0) continue;
      if (optional || sessionStorage.getItem(RELOAD_KEY)) throw error;
      sessionStorage.setItem(RELOAD_KEY, "1");
      location.reload();
      return await new Promise(() => {});
    }
  }
}

/** Reloads the page as soon as the server answers. */
export async function reloadWhenReached() {
  await whenReached();
  location.reload();
}

/**
 * Leaves for another address of the server as soon as it answers.
 * @param {string} address
 */
export async function openWhenReached(address) {
  await whenReached();
  location.assign(address);
}
