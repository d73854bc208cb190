/** One function for each question that the page asks its service. */

import createClient from "openapi-fetch";
import type { paths } from "./schema";
import type {
  Annotation,
  BorderRouters,
  Comparison,
  DongleView,
  Ecosystem,
  FabricView,
  LinkAnswer,
  NetworkCheck,
  NetworksView,
  NodeAnswer,
  Plan,
  Positions,
  Problem,
  Status,
  Timeline,
  Topology,
} from "./types";

/** What went wrong, in words that a person can act on. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    /** HTTP status; 0 where the service did not answer at all. */
    readonly status: number,
    /** One line. */
    readonly title: string,
    /** What was tried, what came back, what to do. */
    readonly detail: string,
    /** The parameter or field that is wrong. */
    readonly parameter: string | null = null,
  ) {
    super(`${title}: ${detail}`);
  }

  /** The service wants a token first. */
  get needsToken(): boolean {
    return this.status === 401;
  }

  /** The service is of a version, or was started in a way, that does not offer it. */
  get isNotOffered(): boolean {
    return this.status === 404 || this.status === 501;
  }
}

// Not through the browser's cache: an answer that was broken off leaves half an entry there, which a "not modified" then passes off as whole.
const client = createClient<paths>({ baseUrl: "/", fetch: (request) => fetch(request, { cache: "no-store" }) });

interface Answered {
  data?: unknown;
  error?: unknown;
  response: Response;
}

async function read<T>(asked: Promise<Answered>): Promise<T> {
  const { data, response } = await answered(asked);
  if (data === undefined && response.status !== 204) {
    throw new ApiError(0, "Weft's answer did not arrive whole", "The way to the service was cut while it answered. Try again.");
  }
  return data as T;
}

async function answered(asked: Promise<Answered>): Promise<Answered> {
  let answer: Answered;
  try {
    answer = await asked;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "Weft does not answer", "The service was stopped, or the way to it is gone. This page tries again by itself.");
  }
  if (answer.response.ok) return answer;
  const problem = (typeof answer.error === "object" && answer.error !== null ? answer.error : {}) as Partial<Problem>;
  const { status, statusText } = answer.response;
  const [title, detail] = refusalInWords(problem.type) ?? [];
  if (title && detail) throw new ApiError(status, title, detail, problem.parameter ?? null);
  throw new ApiError(
    status,
    problem.title ?? `${status} ${statusText}`,
    problem.detail ?? "The service gave no reason.",
    problem.parameter ?? null,
  );
}

/** Whatever was thrown, as what the page can show. */
export const asApiError = (error: unknown, title = "That did not work"): ApiError =>
  error instanceof ApiError ? error : new ApiError(0, title, String(error));

/** Whatever was thrown, in one line. */
export const inWords = (error: unknown): string => (error instanceof ApiError ? `${error.title}. ${error.detail}` : String(error));

/** Refusals are worded for programs; this is what somebody at the page can do about them. */
function refusalInWords(type: string | undefined): [title: string, detail: string] | null {
  switch (type?.split(":").at(-1)) {
    case "token-needed":
      return [
        "Weft asks for its token",
        "Load this page again: it then asks for the token. It lies in the file `token` of Weft's data folder; `weft data` says where that is.",
      ];
    case "origin":
    case "host":
      return [
        "Weft does not know this address",
        `This page was opened as ${location.host}. Open it by the address that Weft printed when it started, or start Weft with \`--allow-host ${location.hostname}\`.`,
      ];
    default:
      return null;
  }
}

/** Parameters without those that say nothing. */
function given<T extends object>(parameters: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const said = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(said) as { [K in keyof T]?: NonNullable<T[K]> };
}

/** The topology now, and the name of its generation; or at a moment, without one; and what the service's clock said. Claims come with the details. */
export async function topology(
  at: string | null,
  signal?: AbortSignal,
): Promise<{ topology: Topology; generation: string | null; clock: number | null }> {
  const answer = await answered(
    client.GET("/api/v1/topology", { params: { query: { claims: "none", ...(at ? { at } : {}) } }, signal: signal ?? null }),
  );
  const tag = answer.response.headers.get("etag")?.replace(/^W\//, "").replaceAll('"', "") ?? null;
  const date = Date.parse(answer.response.headers.get("date") ?? "");
  return { topology: answer.data as Topology, generation: at ? null : tag, clock: Number.isNaN(date) ? null : date };
}

/** The topology now with everything that stands behind it: many times as much as without. */
export const witnessed = (signal?: AbortSignal): Promise<Topology> =>
  read(client.GET("/api/v1/topology", { params: { query: { claims: "all" } }, signal: signal ?? null }));

/** Where everything stands on the map, and the number of the generation that stands there; a moment of the past has none. */
export const layout = (at: string | null, signal?: AbortSignal): Promise<{ generation?: number | null; positions: Positions }> =>
  read(client.GET("/api/v1/layout", { params: { query: given({ at }) }, signal: signal ?? null }));

/** The state of sources and store. */
export const sources = (signal?: AbortSignal): Promise<{ status: Status }> =>
  read(client.GET("/api/v1/sources", { signal: signal ?? null }));

/** Everything about one device, with the captures that its claims name. */
export const node = (id: string, at: string | null, signal?: AbortSignal): Promise<NodeAnswer> =>
  read(client.GET("/api/v1/nodes/{id}", { params: { path: { id }, query: given({ at }) }, signal: signal ?? null }));

/** Everything about one link. */
export const link = (id: string, at: string | null, signal?: AbortSignal): Promise<LinkAnswer> =>
  read(client.GET("/api/v1/links/{id}", { params: { path: { id }, query: given({ at }) }, signal: signal ?? null }));

/** Which step would tell most of the mesh next. */
export const plan = (signal?: AbortSignal): Promise<Plan> => read(client.GET("/api/v1/plan", { signal: signal ?? null }));

/** Border routers with everything that they announce. */
export const borderRouters = (at: string | null, signal?: AbortSignal): Promise<BorderRouters> =>
  read(client.GET("/api/v1/border-routers", { params: { query: given({ at }) }, signal: signal ?? null }));

/** How much changed when, and what. */
export const timeline = (from: string | null, to: string | null, buckets: number, signal?: AbortSignal): Promise<Timeline> =>
  read(client.GET("/api/v1/timeline", { params: { query: given({ from, to, buckets }) }, signal: signal ?? null }));

/** What is different at `b` from `a`; `b` left out: now. */
export const diff = (a: string, b: string | null, signal?: AbortSignal): Promise<Comparison> =>
  read(client.GET("/api/v1/diff", { params: { query: { a, ...given({ b }) } }, signal: signal ?? null }));

/** Whether this machine can hear border routers at all. */
export const networkCheck = (signal?: AbortSignal): Promise<NetworkCheck> =>
  read(client.GET("/api/v1/network-check", { signal: signal ?? null }));

/** Keeps what a person says of devices or findings. */
export const annotate = (annotations: Annotation[]): Promise<{ captures: number[] }> =>
  // The document describes `identify` as any object.
  read(client.POST("/api/v1/captures", { body: annotations as never }));

/** Exchanges the token for a cookie. */
export const beginSession = (token: string): Promise<void> => read(client.POST("/api/v1/session", { body: { token } }));

/** The Matter fabric: jobs, devices, settings. */
export const fabric = {
  view: (signal?: AbortSignal): Promise<FabricView> => read(client.GET("/api/v1/fabric", { signal: signal ?? null })),
  /** `codes` may be any text with codes in it. */
  pair: (codes: string, address: string | null): Promise<Entered> =>
    read(client.POST("/api/v1/fabric/pair", { body: { codes, ...given({ address }) } })),
  /** A picture with QR codes in it. */
  photo: (picture: Blob): Promise<Entered> =>
    read(
      client.POST("/api/v1/fabric/photo", {
        body: picture as never,
        bodySerializer: (body) => body as unknown as Blob,
        headers: { "content-type": picture.type },
      }),
    ),
  retry: (job: number, accept_attestation: boolean): Promise<FabricView> =>
    read(client.POST("/api/v1/fabric/jobs/{job}/retry", { params: { path: { job } }, body: { accept_attestation } })),
  cancel: (job: number): Promise<FabricView> =>
    read(client.POST("/api/v1/fabric/jobs/{job}/cancel", { params: { path: { job } }, body: {} })),
  unpair: (body: Unpair): Promise<UnpairAnswer> => read(client.POST("/api/v1/fabric/unpair", { body })),
  settings: (body: FabricSettings): Promise<FabricView> => read(client.POST("/api/v1/fabric/settings", { body })),
  deviceSettings: (node: string, body: DeviceSettings): Promise<FabricView> =>
    read(client.POST("/api/v1/fabric/devices/{node}/settings", { params: { path: { node } }, body })),
  /** Asks one device, or all, now: as far as the budget allows. */
  refresh: (node: string | null): Promise<FabricView> => read(client.POST("/api/v1/fabric/refresh", { body: given({ node }) })),
};

/** Ways to whole networks: credentials, border routers, servers. */
export const networks = {
  view: (signal?: AbortSignal): Promise<NetworksView> => read(client.GET("/api/v1/networks", { signal: signal ?? null })),
  /** Where people find what opens their network. */
  where: (): Promise<readonly Ecosystem[]> => read(client.GET("/api/v1/networks/where", {})),
  give: (body: GivenCredential): Promise<NetworksView> => read(client.POST("/api/v1/networks/credentials", { body })),
  forget: (extended_pan_id: string): Promise<NetworksView> =>
    read(client.DELETE("/api/v1/networks/{extended_pan_id}/credential", { params: { path: { extended_pan_id } } })),
  passcode: (path: string, passcode: string): Promise<NetworksView> =>
    read(client.POST("/api/v1/networks/passcode", { body: { path, passcode } })),
  /** Asks one network or one way, or all, as soon as they may be asked. */
  ask: (extended_pan_id: string | null, path: string | null): Promise<NetworksView> =>
    read(client.POST("/api/v1/networks/ask", { body: given({ extended_pan_id, path }) })),
  addPath: async (address: string): Promise<NetworksView> =>
    (await read<TakenUp>(client.POST("/api/v1/networks/paths", { body: { address } }))).networks,
  removePath: (id: string): Promise<NetworksView> => read(client.POST("/api/v1/networks/paths/remove", { body: { id } })),
  addServer: async (kind: "home-assistant" | "matter-server", address: string, token: string | null): Promise<NetworksView> =>
    (await read<TakenUp>(client.POST("/api/v1/networks/servers", { body: { kind, address, ...given({ token }) } }))).networks,
  removeServer: (id: string): Promise<NetworksView> => read(client.POST("/api/v1/networks/servers/remove", { body: { id } })),
  /** Queues all devices that can join Weft's own fabric; gives how many. */
  adopt: async (id: string): Promise<number> =>
    (await read<Adopted>(client.POST("/api/v1/networks/servers/adopt", { body: { id } }))).queued,
  settings: (paused: boolean): Promise<NetworksView> => read(client.POST("/api/v1/networks/settings", { body: { paused } })),
};

/** The radio dongle: how it is doing, and what it is to do. */
export const dongle = {
  view: (signal?: AbortSignal): Promise<DongleView> => read(client.GET("/api/v1/dongle", { signal: signal ?? null })),
  /** Goes through all channels once. */
  scan: (dwell_milliseconds: number): Promise<DongleView> => read(client.POST("/api/v1/dongle/scan", { body: { dwell_milliseconds } })),
  /** Null: looks for the channel with a Thread network. */
  listen: (channel: number | null): Promise<DongleView> => read(client.POST("/api/v1/dongle/listen", { body: { channel } })),
  join: (extended_pan_id: string): Promise<DongleView> => read(client.POST("/api/v1/dongle/join", { body: { extended_pan_id } })),
  leave: (): Promise<DongleView> => read(client.POST("/api/v1/dongle/leave", { body: {} })),
};

/** Where an export of the moment is to be had. */
export function exportUrl(parameters: Record<string, string | boolean | null>): string {
  const said = Object.entries(parameters).filter(([, value]) => value !== null && value !== false);
  return `/api/v1/export?${new URLSearchParams(said.map(([name, value]) => [name, String(value)]))}`;
}

type Operations = import("./schema").components["schemas"];
/** What became of codes that were entered. */
export type Entered = Operations["Entered"];
/** Which devices to leave. */
export type Unpair = Operations["UnpairRequest"];
/** What became of leaving them. */
export type UnpairAnswer = Operations["UnpairAnswer"];
/** What a person decides for the whole fabric. */
export type FabricSettings = Operations["SettingsRequest"];
/** What a person gives to open a network. */
export type GivenCredential = Operations["CredentialRequest"];
type TakenUp = Operations["TakenUp"];
type Adopted = Operations["Adopted"];
/** What a person decides for one device. */
export type DeviceSettings = Operations["DeviceSettingsRequest"];
