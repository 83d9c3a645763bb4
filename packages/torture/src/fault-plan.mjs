// Which faults a run gets, and when: drawn from the seed before it begins.
import { shuffled } from './bulks.mjs';
import { wayTo } from './owed.mjs';

/**
 * What is hit at a named point of its way, mostly a purchase: `ending` is the magic name, `at` the point, `do` the
 * fault, `who` passes the point, `beside` is bought at the same time, `lead` another way to the point than a purchase
 * (leads.mjs), of the product `of`. `trap` cuts the database's answer to a statement that was executed.
 */
export const PIECES = [
  { id: 'stop-after-act', ending: 'plain', who: 'server', at: 'after-act', do: 'stop' },
  {
    id: 'stop-after-refusal',
    ending: 'refused',
    who: 'server',
    at: 'after-act',
    do: 'stop',
    beside: 'stays-unknown-4',
  },
  { id: 'stop-before-act', ending: 'plain', who: 'server', at: 'after-hold', do: 'stop' },
  { id: 'kill-after-settle', ending: 'plain', who: 'server', at: 'after-settle', do: 'kill' },
  { id: 'kill-before-act', ending: 'plain', who: 'server', at: 'after-hold', do: 'kill' },
  { id: 'kill-after-act', ending: 'plain', who: 'server', at: 'after-act', do: 'kill' },
  { id: 'kill-before-hold', ending: 'plain', who: 'server', at: 'before-hold', do: 'kill' },
  {
    id: 'kill-worker-after-take-over',
    ending: 'timeout-after-success',
    who: 'worker',
    at: 'after-take-over',
    do: 'kill',
  },
  { id: 'stop-worker-after-look-up', ending: 'timeout-after-refusal', who: 'worker', at: 'after-look-up', do: 'stop' },
  { id: 'kill-worker-after-settle', ending: 'error-before', who: 'worker', at: 'after-settle', do: 'kill' },
  { id: 'hold-answer-cut', ending: 'plain', trap: 'purchase_begin' },
  { id: 'settle-answer-cut', ending: 'plain', trap: 'purchase_settle' },
  { id: 'kill-before-credit', lead: 'deposit', who: '(server|worker)', at: 'before-credit', do: 'kill' },
  { id: 'kill-after-credit', lead: 'deposit', who: '(server|worker)', at: 'after-credit', do: 'kill' },
  { id: 'kill-after-seize', lead: 'orderDecided', who: 'server', at: 'after-seize', do: 'kill', of: 'domains' },
  { id: 'kill-before-decision', lead: 'orderDecided', who: 'server', at: 'before-decision', do: 'kill', of: 'domains' },
  {
    id: 'kill-operation-after-seize',
    lead: 'operationDecided',
    who: 'server',
    at: 'after-seize',
    do: 'kill',
    of: 'vps',
  },
  { id: 'kill-before-renewal', lead: 'renewal', who: 'worker', at: 'before-renewal', do: 'kill', of: 'domains' },
];
/** A short run has time for these: the states that every run must reach. */
const SHORT = ['stop-after-act', 'stop-after-refusal', 'stop-before-act', 'kill-after-settle', 'settle-answer-cut'];

const AT_ANY_TIME = [
  [3, 'kill-server'],
  [3, 'kill-worker'],
  [2, 'kill-gateway'],
  [2, 'pause-worker'],
  [1, 'pause-server'],
  [1, 'pause-gateway'],
  [3, 'cut-client-links'],
  [3, 'cut-service-links'],
  [2, 'cut-inside-answer'],
  [2, 'slow-links'],
  [2, 'silent-service-link'],
  [2, 'silent-postgres-link'],
  [3, 'cut-postgres-links'],
  [3, 'terminate-backends'],
  [2, 'trap-any-settle'],
  [2, 'trap-any-hold'],
  [1, 'restart-postgres'],
  [1, 'crash-postgres'],
  [2, 'step-clock'],
  [2, 'flush-queue'],
];
const OF_REDIS = [
  [3, 'flush-redis'],
  [2, 'stop-redis'],
  [2, 'slow-redis'],
  [2, 'cut-redis-links'],
];

/** `[{ atMs, what, … }]`, in order. What the run owes is part of it, whatever chance says. */
export function planFaults({ random, seconds, useRedis, products, owed }) {
  const stream = random.stream('faults');
  const ways = owed.map(wayTo).filter((way) => way !== null);
  const isMine = ({ id }) => SHORT.includes(id) || ways.some(({ piece }) => piece === id);
  const chosen = shuffled(
    PIECES.filter(
      (piece) => (seconds >= 20 || isMine(piece)) && (piece.of === undefined || products.includes(piece.of)),
    ),
    stream,
  );
  const spanMs = seconds * 1_000;
  const pieces = chosen.map((piece, i) => ({
    atMs: Math.round(500 + (spanMs * 0.85 * i) / chosen.length),
    what: 'piece',
    piece,
  }));
  const deeds = [...new Set(ways.flatMap(({ deed }) => deed ?? []))].map((deed, i, all) => ({
    atMs: Math.round(1_000 + (spanMs * 0.6 * i) / all.length),
    what: 'deed',
    deed,
  }));
  const owedFaults = ways
    .flatMap(({ what }) => what ?? [])
    .map((what, i, all) => ({
      atMs: Math.round(spanMs * (0.25 + (0.6 * i) / all.length)),
      what,
      draw: stream.next(),
      ms: stream.between(200, 1_500),
    }));
  const count = Math.max(2, Math.round(seconds / 2.5));
  const choices = useRedis ? [...AT_ANY_TIME, ...OF_REDIS] : AT_ANY_TIME;
  const others = Array.from({ length: count }, (_, i) => ({
    atMs: Math.round(spanMs * (0.05 + (0.9 * (i + stream.next())) / count)),
    what: stream.weighted(choices),
    draw: stream.next(),
    ms: stream.between(200, 1_500),
  }));
  // Once in every run, whatever chance says.
  if (useRedis) others.push({ atMs: Math.round(spanMs * 0.6), what: 'flush-redis', draw: 0, ms: 0 });
  return [...pieces, ...deeds, ...owedFaults, ...others].sort((a, b) => a.atMs - b.atMs);
}
