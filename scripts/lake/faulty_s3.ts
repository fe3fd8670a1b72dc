// An S3 server between a program and the real one, which fails as it is told to.
import { Buffer } from "node:buffer";
import { Agent, request as ask } from "node:http";
import { Readable } from "node:stream";

/** What becomes of requests. */
export type S3Fault = "none" | "some" | "all" | "slow" | "hangs";

/** A moment of a request that uploads a file or removes some. */
export interface S3Moment {
  readonly kind: "upload" | "removal";
  /** Which of them, from 1 on, counted from when it is named. */
  readonly number: number;
  /** Whether the request has been passed on then. */
  readonly isDone: boolean;
}

/** A running server. */
export interface FaultyS3 {
  readonly origin: string;
  /** Requests that were passed on so far, and those that were refused. */
  passedOn(): number;
  refused(): number;
  /** Requests that wait for it to work again. */
  waiting(): number;
  fail(fault: S3Fault): void;
  /** Refuses so many requests in a row, as soon as the next upload has ended. */
  failAfterUpload(requests: number): void;
  /** Does something once at a moment, before anything else becomes of the request. */
  at(moment: S3Moment, act: () => Promise<void>): void;
  close(): Promise<void>;
}

const REFUSAL = "<Error><Code>SlowDown</Code></Error>";
const ONE_OF = 4;
const SLOW_MS = 400;

/** What is done at a moment. */
interface Act {
  readonly moment: S3Moment;
  readonly act: () => Promise<void>;
}

/** The moment that is waited for. */
class AwaitedMoment {
  #next: Act | null = null;
  #seen = 0;

  begin(next: Act): void {
    [this.#next, this.#seen] = [next, 0];
  }

  /** What is to be done at a request; null at all but one. */
  take(request: Request): Act | null {
    const next = this.#next;
    if (next === null || !isOf(request, next.moment.kind)) return null;
    if (++this.#seen < next.moment.number) return null;
    this.#next = null;
    return next;
  }
}

/** Passes requests on to the S3 server at `port`. */
export function faultyS3(
  port: number,
  begin: S3Fault = "none",
  hostname = "127.0.0.1",
): FaultyS3 {
  let fault = begin;
  let [asked, refused, answered, waiting] = [0, 0, 0, 0];
  let [hasUploaded, left] = [false, 0];
  const awaited = new AwaitedMoment();
  const agent = new Agent({ keepAlive: false });
  const server = Deno.serve({ hostname, port: 0, onListen() {} }, async (request) => {
    const isDue = hasUploaded && left > 0;
    if (isDue || fault === "all" || (fault === "some" && ++asked % ONE_OF === 0)) {
      refused++;
      left--;
      await request.body?.cancel();
      return new Response(REFUSAL, { status: 503 });
    }
    // It answers when it works again, if anybody waits for so long.
    waiting++;
    while (fault === "hangs") await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
    waiting--;
    if (fault === "slow") await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
    answered++;
    const now = awaited.take(request);
    if (now?.moment.isDone === false) await now.act();
    try {
      const response = await passOn(request, agent, port);
      if (now?.moment.isDone) await now.act();
      hasUploaded ||= endsUpload(request);
      return response;
    } catch {
      // Whoever asked has left, or the S3 server is not there.
      return new Response(REFUSAL, { status: 503 });
    }
  });
  return {
    origin: `http://${hostname}:${server.addr.port}`,
    passedOn: () => answered,
    refused: () => refused,
    waiting: () => fault === "hangs" ? waiting : 0,
    fail: (next) => fault = next,
    failAfterUpload: (requests) => [hasUploaded, left] = [false, requests],
    at: (moment, act) => awaited.begin({ moment, act }),
    close: () => server.shutdown(),
  };
}

/** Whether a request ends an upload, or removes files: one, or several at once. */
function isOf(request: Request, kind: S3Moment["kind"]): boolean {
  if (kind === "upload") return endsUpload(request);
  const { method, url } = request;
  return method === "DELETE" || (method === "POST" && new URL(url).searchParams.has("delete"));
}

/** Whether a request is the last one of an upload, in one part or in several. */
function endsUpload({ method, url }: Request): boolean {
  const isPart = new URL(url).searchParams.has("uploadId");
  return method === "PUT" ? !isPart : method === "POST" && isPart;
}

/** The answer of the real server, which checks the signature: the name of the host is in it. */
async function passOn(request: Request, agent: Agent, port: number): Promise<Response> {
  const path = request.url.replace(/^http:\/\/[^/]+/, "");
  const hasBody = request.method === "PUT" || request.method === "POST";
  const body = hasBody ? Buffer.from(await request.arrayBuffer()) : null;
  return await new Promise((resolve, reject) => {
    const { method } = request;
    const headers: Record<string, string> = Object.fromEntries(request.headers);
    if (body !== null) {
      delete headers["transfer-encoding"];
      headers["content-length"] = String(body.length);
    }
    const asked = ask({ host: "127.0.0.1", port, path, method, headers, agent }, (answer) => {
      const status = answer.statusCode ?? 502;
      const answered = new Headers();
      for (const [name, value] of Object.entries(answer.headers)) {
        if (typeof value === "string") answered.set(name, value);
      }
      const isEmpty = method === "HEAD" || status === 204 || status === 304;
      if (isEmpty) answer.resume();
      const content = isEmpty ? null : Readable.toWeb(answer) as ReadableStream<Uint8Array>;
      resolve(new Response(content, { status, headers: answered }));
    });
    asked.once("error", reject);
    asked.end(body ?? undefined);
  });
}
