// How far a long command is: its rate and the time left, on a terminal alone; a pipe gets nothing.
import type { Clock } from "../core/types.ts";
import type { Terminal } from "./command.ts";

const SHOWN_EVERY_MS = 200;

/** Shows `done` of `total`; to be called as often as there is something new. */
export type Progress = (done: number, total: number) => void;

/** Runs work that tells how far it is, and removes the line at its end. */
export async function withProgress<T>(
  terminal: Terminal,
  clock: Pick<Clock, "uptimeMs">,
  unit: string,
  work: (progress: Progress) => Promise<T>,
): Promise<T> {
  try {
    return await work(progressLine(terminal, clock, unit));
  } finally {
    terminal.progress("");
  }
}

/** The line alone, for work that begins now; its caller removes it with an empty text. */
export function progressLine(
  terminal: Terminal,
  clock: Pick<Clock, "uptimeMs">,
  unit: string,
): Progress {
  const startedMs = clock.uptimeMs();
  let shownMs = -Infinity;
  return (done, total) => {
    const nowMs = clock.uptimeMs();
    if (nowMs - shownMs < SHOWN_EVERY_MS) return;
    shownMs = nowMs;
    terminal.progress(progressText(done, total, (nowMs - startedMs) / 1000, unit));
  };
}

/** `1,200 of 9,000 files, 340/s, 23 s left`. */
export function progressText(done: number, total: number, secs: number, unit: string): string {
  const number = (value: number) => Math.round(value).toLocaleString("en");
  const rate = secs > 0 ? done / secs : 0;
  const left = rate > 0 ? `, ${number(rate)}/s, ${span((total - done) / rate)} left` : "";
  return `${number(done)} of ${number(total)} ${unit}${left}`;
}

function span(secs: number): string {
  if (secs < 100) return `${Math.ceil(secs)} s`;
  return secs < 6000 ? `${Math.ceil(secs / 60)} min` : `${Math.ceil(secs / 3600)} h`;
}
