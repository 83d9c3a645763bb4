// Host names that make the sandbox end in a chosen way, so that callers can test how they handle it. The first label
// decides: `sandbox-<ending>` for the creation, `sandbox-action-<ending>` for later actions on the server.
// docs/sandbox.md lists them for callers.

export const ENDINGS = [
  'refused',
  'out-of-stock',
  'build-fails',
  'slow',
  'timeout-before',
  'timeout-after',
  'error-after',
  'never',
] as const;
export type Ending = (typeof ENDINGS)[number];

/** What happens to the machine, without a notice to us, after it is made. */
export const DRIFTS = ['drift-gone', 'drift-address', 'drift-power'] as const;
export type Drift = (typeof DRIFTS)[number];

export function driftOf(hostname: string): Drift | null {
  const label = hostname.toLowerCase().split('.')[0] ?? '';
  return DRIFTS.find((drift) => new RegExp(`^sandbox-${drift}(-\\d+)?$`).test(label)) ?? null;
}

export function endingOf(hostname: string, about: 'creation' | 'action'): Ending | null {
  const label = hostname.toLowerCase().split('.')[0] ?? '';
  const prefix = about === 'creation' ? 'sandbox-' : 'sandbox-action-';
  const ending = label.startsWith(prefix) ? label.slice(prefix.length) : '';
  // A number may follow, to have several such servers: sandbox-slow-2.
  return (
    ENDINGS.find(
      (known) => ending === known || (ending.startsWith(`${known}-`) && /^\d+$/.test(ending.slice(known.length + 1))),
    ) ?? null
  );
}
