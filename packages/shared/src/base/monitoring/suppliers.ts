// Counts the calls of a supplier, by their outcome, and times them.
import type { Product } from '../../ground/contract';
import { beginPart, within } from '../tracing';
import { counter, timer } from './meters';

const calls = counter('lumi_supplier_calls_total', 'Calls of suppliers. unavailable: no answer that makes sense.', [
  'product',
  'supplier',
  'call',
  'outcome',
]);
const times = timer('lumi_supplier_call_seconds', 'How long calls of suppliers took.', ['product', 'supplier', 'call']);

/** From the kinds of answers that the suppliers' interfaces have. An answer without a kind is data. */
const OUTCOMES: Readonly<Record<string, string>> = {
  done: 'ok',
  found: 'ok',
  pending: 'pending',
  refused: 'refused',
  absent: 'absent',
  unknown: 'unknown',
};

/** The same supplier, whose calls are counted. Its methods are its calls: each returns a promise. */
export function countedSupplier<S extends object>(product: Product, supplier: string, counted: S): S {
  const calling =
    (call: string) =>
    async (...args: unknown[]): Promise<unknown> => {
      const begin = performance.now();
      const span = beginPart(`supplier ${call}`, 'client', { 'lumi.product': product, 'lumi.supplier': supplier });
      let outcome = 'unavailable';
      try {
        const method = counted[call as keyof S] as (...args: unknown[]) => unknown; // see methodsOf
        const answer = await within(span, () => Reflect.apply(method, counted, args));
        outcome = outcomeOf(answer);
        return answer;
      } finally {
        span?.set({ 'lumi.outcome': outcome });
        span?.end();
        calls.of({ product, supplier, call, outcome }).add();
        times.of({ product, supplier, call }).seconds((performance.now() - begin) / 1_000);
      }
    };
  // All that is no method is read from the supplier itself.
  const wrapped = Object.create(counted) as S;
  for (const name of methodsOf(counted))
    Object.defineProperty(wrapped, name, { value: calling(name), writable: true, configurable: true });
  return wrapped;
}

/** Of the object and of its classes, by their names. */
function methodsOf(object: object): Set<string> {
  const names = new Set<string>();
  for (let from: object = object; from !== Object.prototype; from = Object.getPrototypeOf(from) as object)
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(from)))
      if (typeof value === 'function' && name !== 'constructor') names.add(name);
  return names;
}

function outcomeOf(answer: unknown): string {
  if (typeof answer !== 'object' || answer === null || !('kind' in answer) || typeof answer.kind !== 'string')
    return 'ok';
  return OUTCOMES[answer.kind] ?? 'ok';
}
