// The types of mallard-tracker.

/** Where events go and of which site they are. */
export interface Options {
  /** The site, as it is named on the server. */
  readonly domain: string;
  /** Address of the server, with its base path: `https://stats.example.com`. */
  readonly endpoint: string;
  /** Counts addresses that differ after `#` as pages of their own. */
  readonly hash?: boolean;
  /** Counts on local addresses, too. */
  readonly local?: boolean;
}

/** What became of an event: the status of the server, or why it was not reached. */
export interface Result {
  readonly status?: number;
  readonly error?: unknown;
}

/** What may go with an event. */
export interface EventOptions {
  readonly props?: Readonly<Record<string, string | number | boolean>>;
  readonly revenue?: number;
  /** ISO 4217, as EUR. */
  readonly currency?: string;
  /** Address of the page, where it is not the one shown. */
  readonly url?: string;
  /** false: the event undoes no bounce. */
  readonly interactive?: boolean;
  readonly callback?: (result: Result) => void;
}

/** Starts counting. Does nothing where there is no document, and the second time. */
export function init(options: Options): void;

/** Counts an event; before init() it waits. Resolves with what became of it; never rejects. */
export function track(name: string, options?: EventOptions): Promise<Result>;

/** Counts a pageview, beside those that are counted by themselves. */
export function trackPageview(options?: EventOptions): Promise<Result>;
