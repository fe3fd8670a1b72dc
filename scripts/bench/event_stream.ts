// Events that arrive at a server as browsers send them, from many addresses: a number of them at
// once, or so many a second until they are stopped.
import { USER_AGENT } from "../../tests/support/browser/browser.ts";

const TICK_MS = 20;
const CLIENTS = 32;
const EVENTS_A_VISIT = 3;

async function send(url: string, site: string, index: number): Promise<void> {
  const visitor = Math.floor(index / EVENTS_A_VISIT);
  const response = await fetch(`${url}/api/event`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "user-agent": USER_AGENT,
      "x-forwarded-for": `203.${visitor >> 16 & 255}.${visitor >> 8 & 255}.${visitor & 255}`,
    },
    body: JSON.stringify({ d: site, n: "pageview", u: `https://${site}/blog/${index % 40}` }),
  });
  const text = await response.text();
  if (response.status !== 202) throw new Error(`Cannot send: ${response.status} ${text}`);
}

/** Events that arrive in the background. */
export class EventStream {
  readonly #startMs = performance.now();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #sending = new Set<Promise<void>>();
  #sent = 0;
  #fault: unknown = null;

  private constructor(url: string, site: string, perSecond: number) {
    this.#timer = setInterval(() => {
      const due = Math.floor((performance.now() - this.#startMs) / 1000 * perSecond);
      while (this.#sent < due) {
        const sending = send(url, site, this.#sent++).catch((error) => {
          this.#fault ??= error;
        }).finally(() => this.#sending.delete(sending));
        this.#sending.add(sending);
      }
    }, TICK_MS);
  }

  /** Begins to send so many events a second. */
  static start(url: string, site: string, perSecond: number): EventStream {
    return new EventStream(url, site, perSecond);
  }

  /** Sends so many events and resolves when each is accepted. Rejects when one is not. */
  static async sendAll(url: string, site: string, count: number): Promise<void> {
    let next = 0;
    const client = async () => {
      while (next < count) await send(url, site, next++);
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
  }

  /** Ends it, with the events accepted a second. Rejects when one was not. */
  async stop(): Promise<{ perSecond: number }> {
    clearInterval(this.#timer);
    await Promise.all(this.#sending);
    if (this.#fault !== null) throw this.#fault;
    return { perSecond: this.#sent / (performance.now() - this.#startMs) * 1000 };
  }
}
