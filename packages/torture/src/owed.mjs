// What a run owes, and the way to each of it. Every run has its own states and its hand of those that a set owes: they
// are dealt by the seed alone, so that as many seeds in a row as there are hands hold all of them, whatever chance
// says, and a seed alone owes the same as it does in a set.
import { DEEDS } from './deeds.mjs';
import { owedByHagglers } from './hagglers.mjs';

/** As many runs in a row owe everything together. */
export const HANDS = 8;
/** Owed by every run. */
const EVERY_RUN = [
  'replay from the other gateway',
  'order taken over',
  'late attempt fenced',
  'unknown resolved as done',
  'unknown resolved as refused',
  'balance refused',
  'used key refused',
];
/** Owed by every run of 20 seconds or more, and by the set. */
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
const SET_BY_PRODUCT = {
  domains: ['domain_register captured', 'domain_renew captured'],
  vps: ['server_create captured', 'server_renew captured', 'operation decided after a kill'],
  proxy: ['proxy_order captured', 'proxy_renew captured'],
};
const SET_WITH_REDIS = ['flush-redis', 'stop-redis', 'slow-redis'];

/** States whose way is a piece of another name (faults.mjs). */
const BY_PIECE = {
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

/**
 * `{ piece }`, `{ deed }` or `{ what }`: a fault of the system as a whole. Null for what all customers bring about by
 * themselves.
 */
export function wayTo(state) {
  if (BY_PIECE[state] !== undefined) return { piece: BY_PIECE[state] };
  if (DEEDS[state] !== undefined) return { deed: state };
  return /^[a-z]+-[a-z]+$/.test(state) ? { what: state } : null;
}

export function owedBySet({ useRedis, products }) {
  return [
    ...LONG_RUN,
    ...SET,
    ...products.flatMap((product) => SET_BY_PRODUCT[product]),
    ...(useRedis ? SET_WITH_REDIS : []),
  ];
}

export function owedByRun({ seed, seconds, useRedis, products }) {
  const hand = owedBySet({ useRedis, products }).filter((_, i) => i % HANDS === ((seed % HANDS) + HANDS) % HANDS);
  return [
    ...new Set([
      ...EVERY_RUN,
      ...products.map((product) => `bulk of ${product}`),
      ...owedByHagglers(products),
      ...(seconds >= 20 ? LONG_RUN : []),
      ...hand,
    ]),
  ];
}
