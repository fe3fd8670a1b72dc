// Spans of OpenTelemetry, where the runtime's own support of it is switched on (OTEL_DENO). Sole
// importer of @opentelemetry/api, which is loaded then alone.
import type { Tracer, WorkKind } from "../core/timings/timings.ts";

/** Attributes of the spans, by the kind of work. */
const ATTRIBUTES = { request: "http.route", question: "mallard.report" } as const;

/** Makes a span of each piece of work; undefined where tracing is off. */
export async function openTracer(isOn: string | undefined): Promise<Tracer | undefined> {
  if (isOn !== "true" && isOn !== "1") return undefined;
  const { context, trace } = await import("@opentelemetry/api");
  const tracer = trace.getTracer("mallard");
  return {
    span: (kind, label, work) =>
      tracer.startActiveSpan(
        nameOf(kind, label),
        { attributes: attributesOf(kind, label) },
        async (span) => {
          try {
            return await work();
          } finally {
            span.end();
          }
        },
      ),
    label(kind, label) {
      trace.getActiveSpan()?.updateName(nameOf(kind, label))
        .setAttributes(attributesOf(kind, label));
    },
    context() {
      const active = context.active();
      return (work) => context.with(active, work);
    },
  };
}

function nameOf(kind: WorkKind, label: string): string {
  return label === "" ? kind : `${kind} ${label}`;
}

function attributesOf(kind: WorkKind, label: string): Record<string, string> {
  const isNamed = kind === "request" || kind === "question";
  return isNamed && label !== "" ? { [ATTRIBUTES[kind]]: label } : {};
}
