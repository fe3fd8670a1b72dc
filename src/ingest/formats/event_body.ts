// POST /api/event is spoken in two dialects: that of the program's own tracker, and that of
// Plausible's. The keys of a body say which.
import type { FormatParts, WireFormat } from "./format.ts";
import { objectOf, parseJson } from "./json_body.ts";
import { EVENT_PATH, receiveFields } from "./mallard.ts";
import { answerDebug, isPlausible, receivePlausible } from "./plausible.ts";

/** The route of both dialects. */
export function eventBody({ isSite }: FormatParts): WireFormat {
  return {
    method: "POST",
    path: EVENT_PATH,
    read: (request) => {
      const parsed = parseJson(request.body);
      if ("fault" in parsed) return parsed;
      const fields = objectOf(parsed.value);
      if (fields === null || !isPlausible(fields)) return receiveFields(parsed.value);
      return answerDebug(request) ?? receivePlausible(fields, isSite);
    },
  };
}
