// Spans of OpenTelemetry, where the runtime's own support of it is switched on (OTEL_DENO). Sole
// importer of @opentelemetry/api, which is loaded then alone.
import type { Clock } from "../core/types.ts";
import type { WorkHook } from "../core/timings/timings.ts";

/** Attributes of the spans, by the kind of work. */
const ATTRIBUTES = { request: "http.route", question: "mallard.report" } as const;

/** Makes a span of each piece of work; undefined where tracing is off. */
export async function tracingHook(
  isOn: string | undefined,
  { nowMs }: Pick<Clock, "nowMs">,
): Promise<WorkHook | undefined> {
  if (isOn !== "true" && isOn !== "1") return undefined;
  const { trace } = await import("@opentelemetry/api");
  const tracer = trace.getTracer("mallard");
  return (kind, label, ms) => {
    const endTime = nowMs();
    const attributes = kind === "request" || kind === "question"
      ? { [ATTRIBUTES[kind]]: label }
      : {};
    const name = label === "" ? kind : `${kind} ${label}`;
    tracer.startSpan(name, { startTime: endTime - ms, attributes }).end(endTime);
  };
}
