// Answers that are given many times: each is written and compressed once, and a large one leaves in
// parts, as fast as its client reads. An answer from the cache costs the same whatever its size.
import { gzipSync } from "node:zlib";
import { GZIP_BYTES_MAX, GZIP_BYTES_MIN } from "../core/limits.ts";
import { acceptsGzip } from "./compression.ts";

/** A larger text leaves in parts of this size. */
const PART_BYTES = 64 * 1024;

/** An answer as it is sent. */
interface Written {
  readonly plain: Uint8Array<ArrayBuffer>;
  gzip: Uint8Array<ArrayBuffer> | null;
}

/** How an answer is written. */
export interface Writing {
  /** Tells the texts of one answer apart. */
  readonly form: string;
  readonly text: () => string;
}

/** The texts of answers, for as long as those are kept by whoever made them. */
export class WrittenAnswers {
  readonly #written = new WeakMap<object, Map<string, Written>>();

  /** The response with an answer, compressed where its client takes that. */
  response(
    answer: unknown,
    writing: Writing,
    { headers: asked }: Pick<Request, "headers">,
    headers: Readonly<Record<string, string>>,
  ): Response {
    const written = this.#find(answer, writing);
    const bytes = written.plain.byteLength;
    const isZipped = bytes >= GZIP_BYTES_MIN && bytes <= GZIP_BYTES_MAX &&
      acceptsGzip(asked.get("accept-encoding"));
    const body = isZipped ? zipped(written) : written.plain;
    return new Response(body.byteLength > PART_BYTES ? inParts(body) : body, {
      headers: {
        ...headers,
        vary: "accept-encoding",
        "content-length": String(body.byteLength),
        ...(isZipped ? { "content-encoding": "gzip" } : {}),
      },
    });
  }

  #find(answer: unknown, { form, text }: Writing): Written {
    const write = (): Written => ({ plain: new TextEncoder().encode(text()), gzip: null });
    if (typeof answer !== "object" || answer === null) return write();
    const forms = this.#written.get(answer) ?? new Map<string, Written>();
    this.#written.set(answer, forms);
    const written = forms.get(form) ?? write();
    forms.set(form, written);
    return written;
  }
}

function zipped(written: Written): Uint8Array<ArrayBuffer> {
  written.gzip ??= new Uint8Array(gzipSync(written.plain, { level: 5 }));
  return written.gzip;
}

/** The bytes as a stream that holds no copy of them. */
function inParts(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    pull(stream) {
      stream.enqueue(bytes.slice(at, at += PART_BYTES));
      if (at >= bytes.byteLength) stream.close();
    },
  }, { highWaterMark: 0 });
}
