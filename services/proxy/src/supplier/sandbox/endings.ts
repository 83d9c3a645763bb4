// How a command to the sandbox ends. A magic note chooses it (the `label` of an order, proxy or plan, such as
// `sandbox:timeout-after`), or the test country of the order. The note takes precedence.

export const ENDINGS = [
  'ok',
  'refuse',
  'out-of-stock',
  'half',
  'pending',
  'pending-refused',
  'timeout-before',
  'timeout-after',
  'error-after',
  'lost',
  'slow',
  'same-ip',
  // Executed, and changed at the network afterwards without a notice to us.
  'drift-gone',
  'drift-expiry',
  'drift-ip',
  'drift-host',
] as const;
export type Ending = (typeof ENDINGS)[number];

const NOTE_PREFIX = 'sandbox:';

export function endingOf(note: string | null, fallback: Ending | undefined): Ending {
  const word = note?.startsWith(NOTE_PREFIX) === true ? note.slice(NOTE_PREFIX.length) : '';
  return ENDINGS.find((ending) => ending === word) ?? fallback ?? 'ok';
}
