// The columns of an event of the past that its import gives, in place of what was read.
import type { Event } from "../../core/event.ts";
import type { GivenColumns } from "../fields/past_fields.ts";
import type { StepContext } from "./draft.ts";

/** The event with what is given, but for what the settings keep empty. */
export function withGiven(
  event: Event,
  { visitor, device_type, ...columns }: GivenColumns,
  visitorIdOf: (visitor: string) => string,
  { options }: Pick<StepContext, "options">,
): Event {
  return {
    ...event,
    ...columns,
    ...device_type === undefined || options.suppress_screen_size ? {} : { device_type },
    ...visitor === undefined || options.suppress_visitor_id
      ? {}
      : { visitor_id: visitorIdOf(visitor) },
  };
}
