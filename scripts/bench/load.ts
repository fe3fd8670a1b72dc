// Load on POST /api/event from a real load generator: wrk where it is installed, else autocannon.
// It must not run in the process that is measured.
import type { PastEvent } from "../../src/cli/seed/traffic.ts";

/** What a run of the load generator found. */
export interface Load {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers other than 2xx, and connections that broke. */
  readonly failed: number;
}

/** A load generator. */
export interface LoadGenerator {
  /** Name and version. */
  readonly name: string;
  run(url: string, connections: number, secs: number): Promise<Load>;
}

/** The best load generator there is, ready to send these events. */
export async function loadGenerator(events: readonly PastEvent[]): Promise<LoadGenerator> {
  const version = await output("wrk", ["-v"]).catch(() => null);
  if (version === null) return autocannon(events);
  const script = await Deno.makeTempFile({ suffix: ".lua" });
  await Deno.writeTextFile(script, luaScript(events));
  return {
    name: version.match(/^wrk \S+/)?.[0] ?? "wrk",
    async run(url, connections, secs) {
      const threads = Math.min(2, connections);
      const found = await output("wrk", [
        ...["-t", String(threads), "-c", String(connections), "-d", `${secs}s`, "--timeout", "10s"],
        ...["-s", script, url],
      ]);
      const numbers = found.match(/^RESULT (.*)$/m)?.[1]?.split(" ").map(Number);
      if (!numbers) throw new Error(`Cannot read what wrk found: ${found}`);
      const [count = 0, tookUs = 0, p50Us = 0, p99Us = 0, failed = 0] = numbers;
      return {
        perSecond: (count - failed) / (tookUs / 1e6),
        p50Ms: p50Us / 1000,
        p99Ms: p99Us / 1000,
        failed,
      };
    },
  };
}

/** The fields of the tracker alone, as a browser would send them now. */
function bodyOf({ at: _at, ip: _ip, ua: _ua, ...fields }: PastEvent): string {
  return JSON.stringify(fields);
}

function luaScript(events: readonly PastEvent[]): string {
  const rows = events.map((event) =>
    `  { [==[${bodyOf(event)}]==], [==[${event.ua}]==], "${event.ip}" },`
  );
  return `local rows = {
${rows.join("\n")}
}
local requests = {}
local next = 0
init = function()
  for index, row in ipairs(rows) do
    local headers = {
      ["Content-Type"] = "text/plain;charset=UTF-8",
      ["User-Agent"] = row[2],
      ["X-Forwarded-For"] = row[3],
    }
    requests[index] = wrk.format("POST", "/api/event", headers, row[1])
  end
end
request = function()
  next = next % #requests + 1
  return requests[next]
end
done = function(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format("RESULT %d %d %f %f %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), failed))
end
`;
}

/** One body and one browser for all requests: it cannot vary them from the command line. */
function autocannon(events: readonly PastEvent[]): LoadGenerator {
  const event = events[0];
  if (!event) throw new Error("Cannot make load: there is no event");
  return {
    name: "autocannon 9.0.0",
    async run(url, connections, secs) {
      const found = JSON.parse(
        await output(Deno.execPath(), [
          ...["run", "-A", "npm:autocannon@9.0.0", "--json", "--no-progress"],
          ...["-c", String(connections), "-d", String(secs), "-m", "POST"],
          ...["-H", `user-agent=${event.ua}`, "-b", bodyOf(event), `${url}/api/event`],
        ]),
      );
      return {
        perSecond: found["2xx"] / found.duration,
        p50Ms: found.latency.p50,
        p99Ms: found.latency.p99,
        failed: found.non2xx + found.errors,
      };
    },
  };
}

async function output(command: string, args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  return decoder.decode(stdout) || decoder.decode(stderr);
}
