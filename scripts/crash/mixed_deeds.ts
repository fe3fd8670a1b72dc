// What happens once in a mixed soak, beside its load: backups, an erasure, a kill and an expiry.
import type { ServerProcess } from "../server_process.ts";
import { pageviewsOf } from "./mixed_answers.ts";
import type { Mixed } from "./mixed_load.ts";
import { dateAgo } from "./workloads.ts";

/** A site of which a day is erased. */
export const ERASED = { site: "erased.example", daysAgo: 3, events: 1_000 };
/** A site whose events are too old after a while. */
export const EXPIRED = { site: "expired.example", daysAgo: 70, events: 1_000 };
/** Age at which events expire. */
export const RETENTION_DAYS = 60;

/** Something that is done once, at a share of the whole time. */
export type Deed = readonly [share: number, name: string, work: () => Promise<void>];

/** The single deeds, each at its share of the whole time. */
export function deeds(
  mixed: Mixed,
  start: () => Promise<ServerProcess>,
): Deed[] {
  return [
    [0.2, "backup", () => backUp(mixed)],
    [0.35, "erasure", () => erase(mixed)],
    [0.5, "kill and expiry", () => expire(mixed, start)],
    [0.8, "backup", () => backUp(mixed)],
  ];
}

/** Makes a backup, waits until it is done, and looks whether it is a new one. */
async function backUp(mixed: Mixed): Promise<void> {
  const from = Date.now();
  const response = await fetch(`${mixed.server.url}/api/backup`, { method: "POST" });
  const text = await response.text();
  if (!response.ok) return mixed.fault(`A backup was answered ${response.status}: ${text}`);
  const isDone = await mixed.waitFor("/api/backup", (answer) => {
    const { last, running_since } = answer as BackupState;
    return running_since === null && last !== null && Date.parse(last.made_at) >= from - 1000;
  });
  if (!isDone) mixed.fault("A backup did not end, or it failed");
}

interface BackupState {
  readonly running_since: string | null;
  readonly last: { readonly made_at: string } | null;
}

async function erase(mixed: Mixed): Promise<void> {
  const { site, daysAgo, events } = ERASED;
  const date = dateAgo(daysAgo);
  const range = `site_id=${site}&start_date=${date}&end_date=${date}`;
  const asked = `site_id=${site}&start_date=${dateAgo(daysAgo + 1)}&end_date=${
    dateAgo(daysAgo - 1)
  }`;
  const count = async () => pageviewsOf(await mixed.answer(`/api/stats/main?${asked}`));
  const before = await count();
  if (before !== events) mixed.fault(`${before} events were there before the erasure`);
  const confirmed = mixed.ledger.erasing(site, date);
  const response = await fetch(`${mixed.server.url}/api/gdpr/erase?${range}`, { method: "DELETE" });
  const text = await response.text();
  if (!response.ok) return mixed.fault(`The erasure was answered ${response.status}: ${text}`);
  confirmed();
  const after = await count();
  if (after !== 0) mixed.fault(`${after} events are there after the erasure`);
}

/** Kills the server; at its next start old events expire. */
async function expire(mixed: Mixed, start: () => Promise<ServerProcess>): Promise<void> {
  const [first, last] = [dateAgo(RETENTION_DAYS + 30), dateAgo(RETENTION_DAYS + 2)];
  const path = `/api/stats/main?site_id=${EXPIRED.site}&start_date=${first}&end_date=${last}`;
  const before = pageviewsOf(await mixed.answer(path));
  if (before !== EXPIRED.events) mixed.fault(`${before} old events were there before their expiry`);
  mixed.ledger.expiring(dateAgo(RETENTION_DAYS + 1));
  await mixed.restart(start);
  const isGone = await mixed.waitFor(path, (answer) => pageviewsOf(answer) === 0);
  if (!isGone) mixed.fault("Old events did not expire after a restart");
}
