// What the doctor says: one line for each thing it looked at.

export interface Finding {
  readonly level: 'ok' | 'warn' | 'fail';
  /** What was looked at, and what was found. */
  readonly what: string;
  /** What to do about it; absent when all is well. */
  readonly todo?: string;
}

export const ok = (what: string): Finding => ({ level: 'ok', what });
export const warn = (what: string, todo: string): Finding => ({ level: 'warn', what, todo });
export const fail = (what: string, todo: string): Finding => ({ level: 'fail', what, todo });

export function lineOf({ level, what, todo }: Finding): string {
  return `${level.padEnd(4)}  ${what}${todo === undefined ? '' : ` — ${todo}`}`;
}

/** The first line of an error, without a secret: drivers quote addresses, never passwords. */
export function reasonOf(err: unknown): string {
  // Of several addresses that were tried, the first.
  const { errors = [], message, code } = (err ?? {}) as { errors?: unknown[]; message?: string; code?: string };
  const text = errors[0] === undefined ? message || code || String(err) : reasonOf(errors[0]);
  return (text.split('\n')[0] ?? '').replace(/\.$/, '');
}

/** `90` → `2 min`. */
export function span(seconds: number): string {
  const s = Math.round(seconds);
  if (s < 60) return `${String(s)} s`;
  if (s < 3_600) return `${String(Math.round(s / 60))} min`;
  if (s < 172_800) return `${String(Math.round(s / 3_600))} h`;
  return `${String(Math.round(s / 86_400))} days`;
}

export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, count)) / 10));
  return `${(count / 1_024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power] ?? 'B'}`;
}
