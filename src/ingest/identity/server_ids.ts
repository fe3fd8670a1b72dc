// What the server's own settings did to the ids of all sites: from when each event had an id of its
// own, and when another secret or another kind of ids made all of them new.
import type { ServerIds } from "../../sites/id_life.ts";
import type { Store } from "../../storage/state/store.ts";
import { HmacSha256 } from "./hmac_sha256.ts";

/** How ids are made: one for each event (`off`), under random salts, or from a secret. */
export type IdKind = "off" | "random" | { readonly secret: string };

interface Recorded extends ServerIds {
  /** What ids were made from at the last start. */
  readonly kind: string;
}

const RECORD = "visitor_ids";
/** Enough to tell two secrets from each other, too little to find one. */
const MARK_CHARS = 8;
const CHANGES_MAX = 100;

/**
 * Records how ids are made from now on. `onOther` is told where they were made otherwise. Rejects
 * with the store's error.
 */
export async function recordServerIds(
  store: Pick<Store, "run">,
  kind: IdKind,
  nowMs: number,
  onOther: () => void = () => {},
): Promise<ServerIds> {
  const text = await store.run("getMeta", RECORD);
  const known = text === null ? null : JSON.parse(text) as Recorded;
  const nowUs = Math.floor(nowMs * 1000);
  const next = recordedIds(known, textOf(kind), nowUs);
  if (next === known) return next;
  if (known !== null) onOther();
  await store.run("setMeta", { name: RECORD, value: JSON.stringify(next) });
  return next;
}

function recordedIds(known: Recorded | null, kind: string, nowUs: number): Recorded {
  if (known?.kind === kind) return known;
  if (known === null) return { kind, sinceUs: nowUs, changes: [] };
  const before = known.changes.length > 0
    ? known.changes
    : [{ fromUs: 0, days: daysOf(known.kind) }];
  const changes = [...before, { fromUs: nowUs, days: daysOf(kind) }].slice(-CHANGES_MAX);
  return { ...known, kind, changes };
}

function daysOf(kind: string): 0 | null {
  return kind === "off" ? 0 : null;
}

function textOf(kind: IdKind): string {
  return typeof kind === "string"
    ? kind
    : new HmacSha256(kind.secret).hex(RECORD).slice(0, MARK_CHARS);
}
