// What each kind of attack must have done: connections were open, bytes were sent, and requests got the answers that
// prove that their work was done. Otherwise the test would pass with a limit that refuses everything at once.

/** What attackers.mjs reports. */
export interface Told {
  readonly connections: number;
  readonly openMax: number;
  readonly requests: number;
  readonly bytes: number;
  readonly answers: Readonly<Record<string, number>>;
}

export interface Shape {
  readonly name: string;
  /** The least number of connections open at the same time; `idle`: as many as the processes may have. */
  readonly open?: number | 'idle';
  readonly requests: number;
  readonly bytes: number;
  /** Each of these statuses must occur. */
  readonly must: readonly number[];
  /** These may occur as well, and no others. */
  readonly may: readonly number[];
}

const PIPELINED = 1_500;
const PIPELINED_BYTES = PIPELINED * 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n'.length;
const PARALLEL = 119;

/** By a key whose rate limits refuse nothing: only the places in work and the queue in front of them limit it. */
const flood = { open: PARALLEL, requests: PARALLEL, may: [429, 503] };

export const SHAPES: readonly Shape[] = [
  {
    name: 'pipelined requests, never read',
    open: 40,
    requests: 40 * PIPELINED,
    bytes: 40 * PIPELINED_BYTES,
    must: [],
    may: [],
  },
  {
    name: '18 MB of pipelined requests over 350 connections',
    open: 350,
    requests: 350 * PIPELINED,
    bytes: 17_000_000,
    must: [],
    may: [],
  },
  // Refused because of the number of names.
  { ...flood, name: 'contacts with as many names as 64 KiB hold', bytes: PARALLEL * 65_000, must: [422] },
  // Refused because of Content-Length, before the body is read.
  { ...flood, name: 'contacts of 1 MB', bytes: 1_000_000, must: [413] },
  { ...flood, name: 'checks of 500 names', bytes: PARALLEL * 9_000, must: [200] },
  { ...flood, name: 'dry runs of 500 items', bytes: PARALLEL * 15_000, must: [200] },
  { ...flood, name: 'quotes of 500 items', bytes: PARALLEL * 15_000, must: [201] },
  { name: 'slow heads', open: 900, requests: 900, bytes: 900 * 80, must: [], may: [] },
  { name: 'slow bodies', open: PARALLEL, requests: PARALLEL, bytes: PARALLEL * 40_000, must: [], may: [] },
  { name: 'bodies in crumbs', open: 100, requests: 100, bytes: 100 * 60_000, must: [413], may: [] },
  { name: 'slow readers of large answers', open: 300, requests: 300, bytes: 300 * 40, must: [200], may: [429] },
  { name: 'idle connections', open: 'idle', requests: 0, bytes: 0, must: [], may: [] },
  { name: 'header bombs', requests: 150, bytes: 150 * 15_000, must: [431], may: [] },
  { name: 'unknown keys', requests: 250, bytes: 250 * 80, must: [401], may: [] },
  // 16 are held back by the service, 240 wait for it, and the gateway refuses the others.
  { name: 'long polls', open: 300, requests: 300, bytes: 300 * 80, must: [429], may: [] },
  { name: 'uploads broken off', requests: 60, bytes: 60 * 100_000, must: [], may: [] },
  { name: 'new connections', requests: 400, bytes: 400 * 30, must: [200], may: [] },
  { ...flood, name: 'a bulk with as many names as 1 MiB holds', bytes: 16_000_000, must: [422, 429] },
  // One key may have 16 MiB of bodies at the same time.
  { ...flood, name: 'dry runs of 500 items in 1 MB', bytes: 16_000_000, must: [200, 429] },
  // This one is the last: its batches still run after it.
  { ...flood, name: 'bulks of 500 items', bytes: PARALLEL * 18_000, must: [202] },
];

/** What is missing, and the answers that should not have come. */
export function shortcomings(shape: Shape, told: Told, idle: number): string[] {
  const open = shape.open === 'idle' ? idle : (shape.open ?? 0);
  const allowed = [...shape.must, ...shape.may].map(String);
  return [
    ...lacking('connections at the same time', told.openMax, open),
    ...lacking('requests', told.requests, shape.requests),
    ...lacking('bytes', told.bytes, shape.bytes),
    ...shape.must
      .filter((status) => told.answers[status] === undefined)
      .map((status) => `no answer was ${String(status)}`),
    ...Object.entries(told.answers)
      .filter(([status]) => !allowed.includes(status))
      .map(([status, count]) => `${String(count)} answers were ${status}`),
  ];
}

function lacking(what: string, was: number, least: number): string[] {
  return was < least ? [`${String(was)} ${what} are fewer than ${String(least)}`] : [];
}
