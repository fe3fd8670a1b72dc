// What an answer says of the days of an import: visitors are in it, exit rates are left out.

/** The part of `meta` about them. */
export const META = {
  imported: [{
    label: "Plausible",
    from: "2024-01-03",
    to: "2024-01-09",
    days: 7,
    metrics: ["visitors"],
  }],
  left_out: [{
    label: "Plausible",
    from: "2024-01-03",
    to: "2024-01-09",
    days: 7,
    reason: "metrics" as const,
    metrics: ["exit_rate"],
  }],
};
