// The planted bugs of traffic: in the function that takes batches and hands out leases, and in the node
// (inside/node-bugs.ts).
import type { PlantedBug } from './planted-bug';

export const NODE_BUGS: readonly PlantedBug[] = [
  {
    name: 'lease-not-deducted',
    what: 'What nodes hold to spend is handed out once more.',
    seed: 1,
    products: ['proxy'],
    steps: ['quota used up'],
    rules: ['no quota is passed'],
    alter: ['ALTER TABLE proxy.subuser DROP CONSTRAINT subuser_leases'],
    undo: [
      `ALTER TABLE proxy.subuser ADD CONSTRAINT subuser_leases CHECK (bytes_leased >= 0
        AND (bytes_leased = 0 OR bytes_used + bytes_leased <= bytes_limit))`,
    ],
    functions: {
      'proxy.take_batch': [
        ['least(total - used - leased, room) AS free FROM q)', 'least(total - used, room) AS free FROM q)'],
        ['least(total - used - leased, room) AS free FROM quota', 'least(total - used, room) AS free FROM quota'],
      ],
    },
  },
  {
    name: 'batch-counted-twice',
    what: 'A batch of a node that comes twice is taken twice.',
    seed: 1,
    products: ['proxy'],
    steps: ['node-link'],
    rules: ['never more is billed than the target saw'],
    functions: {
      'proxy.take_batch': [['IF p_seq = v_epoch.seq + 1 THEN', 'IF p_seq IN (v_epoch.seq, v_epoch.seq + 1) THEN']],
    },
  },
  {
    name: 'judge-name-not-address',
    what: 'The node has nothing against an address that a name led to.',
    seed: 1,
    products: ['proxy'],
    steps: ['forbidden targets'],
    rules: ['nothing forbidden is dialled'],
  },
  {
    name: 'reset-forgotten',
    what: 'A connection whose right has ended goes on.',
    seed: 1,
    products: ['proxy'],
    steps: ['ended right'],
    rules: ['what has lost its right ends at the target'],
  },
];
