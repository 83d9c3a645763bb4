// Which faults a run gets, and when: drawn from the seed before it begins.
import type { Product } from '@lumi/shared/contract';
import type { Random } from '../random';
import type { Shape } from '../system/settings';
import { POINT_FAULTS, SHORT, type PointFault } from './point-faults';
import { wayTo } from './required-states';
import { AT_ANY_TIME, OF_BOUNCER, OF_NODE, OF_REDIS, OF_STANDBY, type Drawn, type SystemFault } from './system-faults';

export type FaultStep = { readonly atMs: number } & (
  | { readonly what: 'point-fault'; readonly pointFault: PointFault }
  | { readonly what: 'action'; readonly action: string }
  | ({ readonly what: SystemFault } & Drawn)
);

interface PlanOptions {
  readonly random: Random;
  readonly seconds: number;
  readonly shape: Shape;
  readonly products: readonly Product[];
  /** What the run has to reach is part of the plan. */
  readonly required: readonly string[];
}

/** In order of time. */
export function planFaults({ random, seconds, shape, products, required }: PlanOptions): FaultStep[] {
  const stream = random.stream('faults');
  const ways = required.map(wayTo).filter((way) => way !== null);
  const wanted = new Set(ways.flatMap((way) => ('pointFault' in way ? way.pointFault : [])));
  const chosen = stream.shuffled(
    POINT_FAULTS.filter(
      ({ id, of }) =>
        (seconds >= 20 || SHORT.includes(id) || wanted.has(id)) && (of === undefined || products.includes(of)),
    ),
  );
  const spanMs = seconds * 1_000;
  const drawn = (): Drawn => ({ draw: stream.next(), ms: stream.between(200, 1_500) });
  const atPoints: FaultStep[] = chosen.map((pointFault, i) => ({
    atMs: Math.round(500 + (spanMs * 0.85 * i) / chosen.length),
    what: 'point-fault',
    pointFault,
  }));
  const actions: FaultStep[] = [...new Set(ways.flatMap((way) => ('action' in way ? way.action : [])))].map(
    (action, i, all) => ({ atMs: Math.round(1_000 + (spanMs * 0.6 * i) / all.length), what: 'action', action }),
  );
  const requiredFaults: FaultStep[] = ways
    .flatMap((way) => ('what' in way ? way.what : []))
    .filter((what, i, all) => all.indexOf(what) === i)
    .map((what, i, all) => ({ atMs: Math.round(spanMs * (0.25 + (0.6 * i) / all.length)), what, ...drawn() }));
  const count = Math.max(2, Math.round(seconds / 2.5));
  const useRedis = shape.redis !== 'none';
  const choices = [
    ...AT_ANY_TIME,
    ...(useRedis ? OF_REDIS : []),
    ...(shape.hasPgBouncer ? OF_BOUNCER : []),
    ...(shape.hasStandby ? OF_STANDBY : []),
    ...(products.includes('proxy') ? OF_NODE : []),
  ];
  const others: FaultStep[] = Array.from({ length: count }, (_, i) => ({
    atMs: Math.round(spanMs * (0.05 + (0.9 * (i + stream.next())) / count)),
    what: stream.weighted(choices),
    ...drawn(),
  }));
  // Once in every run, whatever chance says.
  if (useRedis) others.push({ atMs: Math.round(spanMs * 0.6), what: 'flush-redis', draw: 0, ms: 0 });
  return [...atPoints, ...actions, ...requiredFaults, ...others].sort((a, b) => a.atMs - b.atMs);
}
