// States that a run has to reach, and the way to each. Every run has its own states and its group of those that a set
// of runs has to reach. The seed alone decides which group: as many seeds in a row as there are groups have all of
// them, whatever chance says, and a seed alone does the same as in a set.
import type { Product } from '@lumi/shared/contract';
import type { Shape } from '../system/settings';
import { ACTIONS } from './actions';
import { requiredOfCoOwners } from './shared-states';
import { isSystemFault, type SystemFault } from './system-faults';

/** So many runs in a row have to reach everything together. */
export const GROUPS = 8;
/** Required of every run. */
const EVERY_RUN = [
  'replay from the other gateway',
  'order taken over',
  'late attempt fenced',
  'unknown resolved as done',
  'unknown resolved as refused',
  'balance refused',
  'used key refused',
];
/** Required of every run of 20 seconds or more, and of the set. */
const LONG_RUN = [
  'cap refused',
  'process killed at a point',
  'process stopped past its lease',
  'answer of a commit cut',
  'webhook repeated',
];
const SET = [
  'identical request still running',
  'kill at before-hold',
  'kill at after-hold',
  'kill at after-act',
  'kill at after-settle',
  'kill at after-take-over',
  'stop at after-look-up',
  'hold answer cut',
  'settle answer cut',
  'restart-postgres',
  'crash-postgres',
  'terminate-backends',
  'webhook late',
  'webhook lost',
  'step-clock',
  'flush-queue',
  'name lost to another buyer',
  'pending resolved',
  'batch completed',
  'batch cancelled',
  'batch tried again',
  'item of a batch taken over',
  'kill at before-credit',
  'kill at after-credit',
  'kill at after-seize',
  'kill at before-decision',
  'kill at before-renewal',
  'deposit credited after a kill',
  'renewed after a kill',
  'decided after a kill',
];
const SET_BY_PRODUCT: Readonly<Record<Product, readonly string[]>> = {
  domains: ['domain_register captured', 'domain_renew captured'],
  vps: ['server_create captured', 'server_renew captured', 'operation decided after a kill'],
  proxy: ['proxy_order captured', 'proxy_renew captured'],
};
const SET_WITH_REDIS = ['flush-redis', 'stop-redis', 'slow-redis'];
const SET_WITH_BOUNCER = ['kill-pgbouncer'];
/** Of every run with traffic through a proxy node, and the fault that leads there. */
const BY_NODE_FAULT: Readonly<Record<string, SystemFault>> = {
  'node served again after a kill': 'node-kill',
  'node stopped past its leases': 'node-stop',
  'answer to a node lost': 'node-link',
  'exchange of a node repeated': 'node-link',
};
/** Of every run whose database has a standby. */
const FAILED_OVER = 'failed over';

/** States that a point fault of another name leads to. */
const BY_POINT_FAULT: Readonly<Record<string, string>> = {
  'kill at before-hold': 'kill-before-hold',
  'kill at after-hold': 'kill-before-act',
  'kill at after-act': 'kill-after-act',
  'kill at after-settle': 'kill-after-settle',
  'kill at after-take-over': 'kill-worker-after-take-over',
  'stop at after-look-up': 'stop-worker-after-look-up',
  'hold answer cut': 'hold-answer-cut',
  'settle answer cut': 'settle-answer-cut',
  'answer of a commit cut': 'settle-answer-cut',
  'process killed at a point': 'kill-after-act',
  'process stopped past its lease': 'stop-after-act',
  'late attempt fenced': 'stop-after-act',
  'kill at before-credit': 'kill-before-credit',
  'kill at after-credit': 'kill-after-credit',
  'deposit credited after a kill': 'kill-before-credit',
  'kill at after-seize': 'kill-after-seize',
  'kill at before-decision': 'kill-before-decision',
  'decided after a kill': 'kill-after-seize',
  'operation decided after a kill': 'kill-operation-after-seize',
  'kill at before-renewal': 'kill-before-renewal',
  'renewed after a kill': 'kill-before-renewal',
};

/** `what`: a fault of the system as a whole. */
export type Way = { readonly pointFault: string } | { readonly action: string } | { readonly what: SystemFault };

/** Null for what all customers bring about by themselves. */
export function wayTo(state: string): Way | null {
  const pointFault = BY_POINT_FAULT[state];
  if (pointFault !== undefined) return { pointFault };
  if (ACTIONS[state] !== undefined) return { action: state };
  const nodeFault = BY_NODE_FAULT[state];
  if (nodeFault !== undefined) return { what: nodeFault };
  return isSystemFault(state) ? { what: state } : state === FAILED_OVER ? { what: 'failover' } : null;
}

interface SetOptions {
  readonly shape: Shape;
  readonly products: readonly Product[];
}

export function requiredOfSet({ shape, products }: SetOptions): string[] {
  return [
    ...LONG_RUN,
    ...SET,
    ...products.flatMap((product) => SET_BY_PRODUCT[product]),
    ...(shape.redis === 'none' ? [] : SET_WITH_REDIS),
    ...(shape.hasPgBouncer ? SET_WITH_BOUNCER : []),
  ];
}

export function requiredOfRun({
  seed,
  seconds,
  ...set
}: SetOptions & { readonly seed: number; readonly seconds: number }): string[] {
  const group = requiredOfSet(set).filter((_, i) => i % GROUPS === ((seed % GROUPS) + GROUPS) % GROUPS);
  return [
    ...new Set([
      ...EVERY_RUN,
      ...set.products.map((product) => `bulk of ${product}`),
      ...requiredOfCoOwners(set.products),
      ...(set.shape.hasStandby ? [FAILED_OVER] : []),
      ...(set.products.includes('proxy') ? Object.keys(BY_NODE_FAULT) : []),
      ...(seconds >= 20 ? LONG_RUN : []),
      ...group,
    ]),
  ];
}
