// Sends a request as the document shows it. Values that the example invents, because they depend on the reader, are
// replaced from a call that succeeds: ids, the domain, its expiry, confirmations. All others are sent unchanged.
import type { Call } from './world';

const ID = /^([a-z]+)_[0-9a-z]{24}$/;
/** Fields whose values depend on the reader or the deployment, without being ids. */
const NAMED = new Set(['domain', 'zone', 'confirm', 'current_expires_at', 'provider']);

export function sentExample(example: unknown, call: Call, mine: readonly string[]): object {
  const ids = new Map(
    [...mine, ...textsIn(call.body), ...textsIn(call.params)].flatMap((text) => {
      const [, prefix] = ID.exec(text) ?? [];
      return prefix === undefined ? [] : [[prefix, text] as const];
    }),
  );
  return filled(example, call.body, ids) as object; // an example of a body is an object
}

function filled(example: unknown, real: unknown, ids: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(example))
    return example.map((one: unknown, i) =>
      filled(one, Array.isArray(real) ? ((real as unknown[])[i] ?? (real as unknown[])[0]) : undefined, ids),
    );
  if (typeof example === 'string') return ids.get(ID.exec(example)?.[1] ?? '') ?? example;
  if (typeof example !== 'object' || example === null) return example;
  const known = (typeof real === 'object' && real !== null ? real : {}) as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(example).map(([name, one]) => [
      name,
      NAMED.has(name) && name in known ? known[name] : filled(one, known[name], ids),
    ]),
  );
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
