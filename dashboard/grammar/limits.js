// Upper bounds of what the grammar reads. The server refuses what is larger.

/** Longest URL form of a filter. */
export const FILTER_CHARS_MAX = 8192;
/** Conditions in one filter. */
export const FILTER_LEAVES_MAX = 100;
/** Values of one condition. */
export const FILTER_VALUES_MAX = 200;
/** Longest value of a condition. */
export const FILTER_VALUE_CHARS_MAX = 2048;
/** Nesting of and, or, not in a filter. */
export const FILTER_DEPTH_MAX = 8;
/** Steps of one funnel or sequence. */
export const STEPS_MAX = 20;
/** Conditions on properties of one step. */
export const STEP_CONDITIONS_MAX = 5;
/** Longest property or value in a condition of a step. */
export const STEP_PROP_CHARS_MAX = 512;
/** Longest classic pattern of a sequence. */
export const PATTERN_CHARS_MAX = 1024;
/** Longest span of time, in days. */
export const SPAN_DAYS_MAX = 366;
/** Longest range, in days: ten years with three leap days. */
export const RANGE_DAYS_MAX = 3653;
/** Buckets of one time series. */
export const BUCKETS_MAX = 20_000;
