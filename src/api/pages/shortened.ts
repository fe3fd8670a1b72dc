// Takes out of a file what a browser reads as well without.

/** What is looked for, and what stays of it, in this order. */
export type Shortening = readonly (readonly [RegExp, string])[];

/** A text of the same meaning with less between it. */
export function shortened(text: string, steps: Shortening): string {
  return steps.reduce((shorter, [found, left]) => shorter.replace(found, left), text);
}
