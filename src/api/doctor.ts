// GET /api/doctor: what was found about the installation, and what to do. GET /api/doctor/seen
// takes the server's own request back, to tell what a proxy made of it; it answers nothing.
import { json } from "../http/response.ts";
import type { Route } from "../http/route.ts";

/** How bad a finding is, from best to worst. */
export const FINDING_STATUSES = ["ok", "warn", "fail"] as const;

/** One of FINDING_STATUSES. */
export type FindingStatus = (typeof FINDING_STATUSES)[number];

/** The result of one check. */
export interface Finding {
  /** Name of the check. */
  readonly check: string;
  readonly status: FindingStatus;
  readonly found: string;
  /** What the owner can do; empty where all is well. */
  readonly todo: string;
}

/** A report of the doctor. */
export interface DoctorReport {
  readonly status: FindingStatus;
  readonly findings: readonly Finding[];
}

/** The server's own request as it came back to it. */
export interface SeenRequest {
  readonly peer: string;
  readonly headers: Headers;
}

/** What the routes ask. */
export interface Doctor {
  examine(): Promise<DoctorReport>;
  /** Takes a request that carries the number of one that the doctor has sent. */
  seen(nonce: string, request: SeenRequest): void;
}

/** Path of the route that takes the server's own request back. */
export const SEEN_PATH = "/api/doctor/seen";

/** The report of some findings: as bad as the worst of them. */
export function reportOf(findings: readonly Finding[]): DoctorReport {
  const worst = Math.max(0, ...findings.map(({ status }) => FINDING_STATUSES.indexOf(status)));
  return { status: FINDING_STATUSES[worst] ?? "fail", findings };
}

/** The routes. */
export function doctorRoutes(doctor: Doctor): Route[] {
  return [
    {
      method: "GET",
      path: "/api/doctor",
      right: "admin",
      handle: async () => json(await doctor.examine()),
    },
    {
      method: "GET",
      path: SEEN_PATH,
      right: "public",
      handle: ({ url, peer, request }) => {
        doctor.seen(url.searchParams.get("nonce") ?? "", {
          peer,
          headers: request.headers,
        });
        return new Response(null, { status: 204, headers: { "cache-control": "no-store" } });
      },
    },
  ];
}
