// Host names that make the sandbox end in a chosen way, so that callers can test their own handling of it. The first label decides:
// `sandbox-<ending>` for the creation, `sandbox-action-<ending>` for whatever is done with the server later.

export const ENDINGS = ['refused', 'out-of-stock', 'build-fails', 'slow', 'timeout-before', 'timeout-after', 'error-after', 'never'] as const;
export type Ending = (typeof ENDINGS)[number];

/** What a caller sees with each; the documentation is made of this. */
export const ENDING_TEXTS: Readonly<Record<Ending, string>> = {
  'refused': 'The supplier refuses at once: `502 supplier_error`, nothing is charged.',
  'out-of-stock': 'The supplier has no room left: `409 out_of_stock`, nothing is charged.',
  'build-fails': 'Accepted with `202`, then the work fails: the operation ends as `failed`, the hold is released.',
  'slow': 'Takes ten times as long.',
  'timeout-before': 'The request to the supplier is lost before it arrives: `202`, then it is sent again and succeeds.',
  'timeout-after': "The supplier's answer is lost: `202`, then a look-up finds that it succeeded.",
  'error-after': 'The supplier answers with a server error although it did the work: `202`, then a look-up finds that it succeeded.',
  'never': 'The supplier does not answer at all: `202`, the hold stays, and an operator has to decide.',
};

export function endingOf(hostname: string, about: 'creation' | 'action'): Ending | null {
  const label = hostname.toLowerCase().split('.')[0] ?? '';
  const prefix = about === 'creation' ? 'sandbox-' : 'sandbox-action-';
  const ending = label.startsWith(prefix) ? label.slice(prefix.length) : '';
  // A number may follow, so that several such servers can be told apart: sandbox-slow-2.
  return ENDINGS.find((known) => ending === known || (ending.startsWith(`${known}-`) && /^\d+$/.test(ending.slice(known.length + 1)))) ?? null;
}
