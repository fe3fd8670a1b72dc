// The site that a typed or pasted text means: people paste whole addresses. Pure.
import { asciiHost } from "../../grammar/host_name.js";

/** What a site may be called here: as the server allows it, and no dots or dashes alone. */
const NAME = /^(?!.*\.\.)(?=.*[a-z0-9])[a-z0-9._-]{1,256}$/;

/**
 * The host of an address or a name: without scheme, path, port and `www.`, in lower case and in
 * ASCII.
 * @param {string} typed
 * @returns {string | null} null where it holds no host
 */
export function typedSite(typed) {
  const address = /^(?:https?:\/*|(?:[a-z][a-z0-9+.-]*:)?\/\/)?(.*)$/isu;
  const [, rest = ""] = address.exec(typed.trim()) ?? [];
  const authority = rest.split(/[/?#\\]/)[0] ?? "";
  const host = (authority.split("@").at(-1) ?? "").replace(/:\d*$/, "").replace(/\.$/, "");
  const ascii = (asciiHost(host) ?? host).toLowerCase();
  const site = ascii.replace(/^www\.(?=.*\.)/, "");
  return NAME.test(site) ? site : null;
}
