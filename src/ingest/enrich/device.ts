// The class of a device: from what the browser says of itself, in its user agent and its client
// hints. The width of the screen decides only where these say nothing, or are known to mislead.

/** Classes of devices that are told apart. */
export type DeviceType = "desktop" | "mobile" | "tablet";

/** What a browser says of itself beside the user agent; null where it does not say. */
export interface ClientHints {
  /** Sec-CH-UA. */
  readonly brands: string | null;
  /** Sec-CH-UA-Mobile: `?1` or `?0`. */
  readonly mobile: string | null;
  /** Sec-CH-UA-Platform, a quoted name. */
  readonly platform: string | null;
  /** Sec-CH-UA-Form-Factors, quoted names. */
  readonly formFactors: string | null;
}

/** Hints of a client that sends none. */
export const NO_HINTS: ClientHints = {
  brands: null,
  mobile: null,
  platform: null,
  formFactors: null,
};

/** Names in Sec-CH-UA-Form-Factors; of several, the first of this list decides. */
const FORM_FACTORS: Readonly<Record<string, DeviceType>> = {
  Tablet: "tablet",
  Mobile: "mobile",
  Watch: "mobile",
  Desktop: "desktop",
};

/** Systems whose browsers send hints, as Sec-CH-UA-Platform names them → as the data does. */
const PLATFORMS: Readonly<Record<string, string>> = {
  "Android": "Android",
  "Chrome OS": "Chrome OS",
  "Chromium OS": "Chrome OS",
  "iOS": "iOS",
  "Linux": "Linux",
  "macOS": "macOS",
  "Windows": "Windows",
};

const HANDHELD_PLATFORMS: ReadonlySet<string> = new Set(["Android", "iOS"]);

/**
 * Widths of the screens of iPads, upright and turned. Their browsers ask for desktop pages with the
 * user agent of a Macintosh. 1366 is not among them: it is a MacBook's, too.
 */
const IPAD_WIDTHS_PX: ReadonlySet<number> = new Set([
  ...[744, 768, 810, 820, 834, 1024, 1032],
  ...[1080, 1112, 1133, 1180, 1194, 1210, 1376],
]);

const MOBILE_PX = 768;
const TABLET_PX = 1024;

/** The headers of client hints of a request. */
export function hintsOf(headers: Headers): ClientHints {
  return {
    brands: headers.get("sec-ch-ua"),
    mobile: headers.get("sec-ch-ua-mobile"),
    platform: headers.get("sec-ch-ua-platform"),
    formFactors: headers.get("sec-ch-ua-form-factors"),
  };
}

/** The system that the hints name, under its name in the data; null where they name none. */
export function platformOf({ platform }: ClientHints): string | null {
  const name = platform?.trim().replace(/^"|"$/g, "") ?? "";
  return Object.hasOwn(PLATFORMS, name) ? PLATFORMS[name] ?? null : null;
}

function deviceOfHints(hints: ClientHints, fromAgent: DeviceType | null): DeviceType | null {
  const { formFactors, mobile } = hints;
  if (formFactors !== null) {
    for (const [name, device] of Object.entries(FORM_FACTORS)) {
      if (formFactors.includes(`"${name}"`)) return device;
    }
  }
  if (mobile === "?1") return fromAgent === "tablet" ? "tablet" : "mobile";
  const platform = platformOf(hints);
  if (platform === null) return fromAgent;
  // A tablet's desktop mode: the agent is that of a computer, the platform is not.
  if (HANDHELD_PLATFORMS.has(platform)) {
    return mobile === "?0" && fromAgent !== "mobile" ? "tablet" : fromAgent ?? "mobile";
  }
  return fromAgent ?? "desktop";
}

/**
 * The class of a device. `agent` is what the user agent says; `widthPx` the width of the screen,
 * null where it is not known.
 */
export function deviceOf(
  agent: { readonly device_type: DeviceType | null; readonly os: string | null },
  hints: ClientHints,
  widthPx: number | null,
): DeviceType | null {
  const said = deviceOfHints(hints, agent.device_type);
  if (said === "desktop" && agent.os === "macOS" && isSilent(hints)) {
    return widthPx !== null && IPAD_WIDTHS_PX.has(widthPx) ? "tablet" : "desktop";
  }
  if (said !== null || widthPx === null) return said;
  return widthPx < MOBILE_PX ? "mobile" : widthPx < TABLET_PX ? "tablet" : "desktop";
}

/** Browsers of iPads send no hints. */
function isSilent({ mobile, platform, formFactors }: ClientHints): boolean {
  return mobile === null && platform === null && formFactors === null;
}
