// An S3 server between a program and the real one, which fails as it is told to.

/** What becomes of requests. */
export type S3Fault = "none" | "some" | "all" | "slow" | "hangs";

/** A running server. */
export interface FaultyS3 {
  readonly origin: string;
  /** Requests that were refused so far. */
  refused(): number;
  fail(fault: S3Fault): void;
  close(): Promise<void>;
}

const REFUSAL = "<Error><Code>SlowDown</Code></Error>";
const ONE_OF = 4;
const SLOW_MS = 400;

/** Passes requests on to the S3 server at `port`. */
export function faultyS3(port: number, begin: S3Fault = "none"): FaultyS3 {
  let fault = begin;
  let [asked, refused] = [0, 0];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    if (fault === "all" || (fault === "some" && ++asked % ONE_OF === 0)) {
      refused++;
      await request.body?.cancel();
      return new Response(REFUSAL, { status: 503 });
    }
    // It answers when it works again, if anybody waits for so long.
    while (fault === "hangs") await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
    if (fault === "slow") await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
    const hasBody = request.method === "PUT" || request.method === "POST";
    const path = request.url.replace(/^http:\/\/[^/]+/, "");
    try {
      return await fetch(`http://127.0.0.1:${port}${path}`, {
        method: request.method,
        headers: request.headers,
        body: hasBody ? await request.arrayBuffer() : null,
      });
    } catch {
      // Whoever asked has left, or the S3 server is not there.
      return new Response(REFUSAL, { status: 503 });
    }
  });
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    refused: () => refused,
    fail: (next) => fault = next,
    close: () => server.shutdown(),
  };
}
