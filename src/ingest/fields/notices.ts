// What may be dropped or cut of an event that is stored all the same. Each is counted, and named
// in the answer to the sender.

/** A field that was dropped or cut, and why. */
export const NOTICES = {
  referrer_dropped: "the referrer is not a text",
  referrer_cut: "the referrer is too long",
  title_dropped: "the title is not a text",
  title_cut: "the title is too long",
  language_dropped: "the language is not a language tag",
  width_dropped: "the screen width is not a number of pixels",
  props_dropped: "the properties are not a JSON object, or none of them fits",
  props_cut: "the properties are too long: those that do not fit were dropped",
  revenue_dropped: "the amount is not a number that can be stored",
  currency_dropped: "the currency is not a three-letter code",
  time_dropped: "the time cannot be read: the event is one of now",
  place_dropped: "the location is no code of ISO 3166",
  user_id_dropped: "the site takes no user ids, or the id is no text of at most 256 characters",
} as const satisfies Record<string, string>;

/** The name of a notice. */
export type Notice = keyof typeof NOTICES;

/** Names every notice in an answer. */
export const NOTICES_HEADER = "x-mallard-notices";
