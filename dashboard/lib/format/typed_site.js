// The site that a typed or pasted text means: people paste whole addresses. Pure.
import { asciiHost } from "../../grammar/host_name.js";

/**
 * The host of an address or a name: without scheme, path, port and `www.`, in lower case and in
 * ASCII. A text that holds no host stays as it is.
 * @param {string} typed
 * @returns {string}
 */
export function typedSite(typed) {
  const text = typed.trim();
  const [, rest = ""] = /^(?:[a-z][a-z0-9+.-]*:)?(?:\/\/)?(.*)$/isu.exec(text) ?? [];
  const authority = rest.split(/[/?#\\]/)[0] ?? "";
  const host = (authority.split("@").at(-1) ?? "").replace(/:\d*$/, "").replace(/\.$/, "");
  const ascii = (asciiHost(host) ?? host).toLowerCase();
  return ascii.replace(/^www\.(?=.*\.)/, "") || text;
}
