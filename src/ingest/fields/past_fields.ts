// What a line of an import may say of its visitor, beside the fields of any event: whose it is,
// where they were, and with what. It stands for what would be read from address and user agent.

/** What is given; a missing one is read as of any event. */
export interface GivenColumns {
  /** Whatever tells visitors apart in the file; hashed before it is stored. */
  readonly visitor?: string;
  readonly country_code?: string;
  readonly region?: string;
  readonly city?: string;
  readonly browser?: string;
  readonly os?: string;
  readonly device_type?: string;
}

const CHARS_MAX = 200;

/** Fields of a line by column, and what their texts must be. */
const FIELDS = [
  ["session", "visitor", /./, "a text"],
  ["visitor", "visitor", /./, "a text"],
  ["country", "country_code", /^[A-Za-z]{2}$/, "a code of two letters"],
  ["region", "region", /./, "a text"],
  ["city", "city", /./, "a text"],
  ["browser", "browser", /./, "a text"],
  ["os", "os", /./, "a text"],
  ["device", "device_type", /^(?:desktop|mobile|tablet)$/, "desktop, mobile or tablet"],
] as const;

/** Reads what a line gives, or says what is wrong with it. */
export function readGiven(
  line: Readonly<Record<string, unknown>>,
): { readonly given: GivenColumns } | { readonly fault: string } {
  const given: { -readonly [K in keyof GivenColumns]: GivenColumns[K] } = {};
  for (const [field, column, form, kind] of FIELDS) {
    const value = line[field];
    if (value === undefined || value === null || value === "") continue;
    if (typeof value !== "string" || value.length > CHARS_MAX || !form.test(value)) {
      return {
        fault: `Cannot read ${field}: it must be ${kind} of at most ${CHARS_MAX} characters`,
      };
    }
    const text = value.toWellFormed();
    given[column] = column === "country_code" ? text.toUpperCase() : text;
  }
  return { given };
}
