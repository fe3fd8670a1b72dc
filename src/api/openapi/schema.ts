// JSON schemas in few words, for the description of the API. Objects are open: later versions may
// add fields to an answer, and readers must let them.

/** A JSON schema of 2020-12, as far as it is used here. */
export type Schema = Readonly<Record<string, unknown>>;

/** Schemas of an object's fields. */
export type Fields = Readonly<Record<string, Schema>>;

/** Any text. */
export const TEXT: Schema = { type: "string" };
/** Any number. */
export const NUMBER: Schema = { type: "number" };
/** A whole number from 0. */
export const COUNT: Schema = { type: "integer", minimum: 0 };
/** A share from 0 to 1. */
export const SHARE: Schema = { type: "number", minimum: 0, maximum: 1 };
/** true or false. */
export const FLAG: Schema = { type: "boolean" };
/** A day. */
export const DATE: Schema = { type: "string", pattern: "^\\d{4}-\\d{2}-\\d{2}$" };
/** An instant in UTC. */
export const INSTANT: Schema = { type: "string", pattern: "^\\d{4}-\\d{2}-\\d{2}T[\\d:.]+Z$" };

/** A text with a meaning. */
export function text(description: string): Schema {
  return { type: "string", description };
}

/** An object; every field is required where none are named. */
export function object(
  properties: Fields,
  required: readonly string[] = Object.keys(properties),
): Schema {
  return { type: "object", properties, ...required.length === 0 ? {} : { required } };
}

/** An object with further fields that may be missing. */
export function withMore(properties: Fields, more: Fields): Schema {
  return object({ ...properties, ...more }, Object.keys(properties));
}

/** A list of one kind of value. */
export function list(items: Schema): Schema {
  return { type: "array", items };
}

/** An object of one kind of value under names that are data. */
export function map(values: Schema): Schema {
  return { type: "object", additionalProperties: values };
}

/** The value, or null. */
export function nullable(schema: Schema): Schema {
  return typeof schema["type"] === "string"
    ? { ...schema, type: [schema["type"], "null"] }
    : { anyOf: [schema, { type: "null" }] };
}

/** One of several kinds of answers. */
export function either(...kinds: readonly Schema[]): Schema {
  return { anyOf: kinds };
}

/** One of a few texts. */
export function oneOf(values: readonly string[]): Schema {
  return { type: "string", enum: values };
}
