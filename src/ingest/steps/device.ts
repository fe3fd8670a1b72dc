// What the client runs on: the columns of browser, system and screen.
import type { Event } from "../../core/event.ts";
import { deviceOf } from "../enrich/device.ts";
import type { Draft, StepContext } from "./draft.ts";

type DeviceColumns = Pick<
  Event,
  "browser" | "browser_version" | "os" | "os_version" | "device_type" | "screen_size"
>;

/** The columns of browser, system and screen, as far as the settings let them be stored. */
export function deviceColumns(
  { payload: { screenPixels }, userAgent, hints }: Draft,
  { parts, options }: StepContext,
): DeviceColumns {
  const agent = parts.userAgents.parse(userAgent, hints);
  const hideScreen = options.suppress_screen_size;
  return {
    browser: agent.browser,
    browser_version: options.suppress_browser_version ? null : agent.browser_version,
    os: agent.os,
    os_version: options.suppress_os_version ? null : agent.os_version,
    device_type: hideScreen ? null : deviceOf(agent, hints, screenPixels),
    screen_size: hideScreen || screenPixels === null ? null : String(screenPixels),
  };
}
