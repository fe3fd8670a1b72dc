// The things that are kept with a site, as its goals and saved queries: one is added, changed in
// the list and removed, and the list is asked for again.
import { ask, sitePath } from "./ask/api.js";
import { useState } from "./html.js";
import { useApp } from "./state/context.js";

/** @typedef {Readonly<Record<string, unknown>>} Body */

/**
 * `item` is the one that is edited; `list` is what its list needs of this.
 * @template {{ readonly id: number }} Item
 * @param {string} kind last part of the path
 * @param {readonly Item[] | null} items
 * @param {() => void} refresh
 */
export function useItems(kind, items, refresh) {
  const { t, site } = useApp();
  const path = sitePath(site.site_id, `/${kind}`);
  const [edited, setEdited] = useState("");
  const item = items?.find(({ id }) => String(id) === edited);
  const change = async (/** @type {Body} */ body) => {
    await ask(`${path}/${edited}`, { method: "PATCH", body });
    setEdited("");
    refresh();
  };
  return {
    item,
    add: (/** @type {Body} */ body) => ask(path, { method: "POST", body }).then(refresh),
    change,
    cancel: () => setEdited(""),
    list: {
      edited: item ? edited : "",
      onEdit: setEdited,
      onRemove: (/** @type {string} */ id) =>
        ask(`${path}/${id}`, { method: "DELETE" }).then(refresh),
      texts: {
        edit: t("edit"),
        remove: t("remove"),
        sure: t("remove_sure"),
        cancel: t("cancel"),
      },
    },
  };
}
