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
  const wrapped = new Map<string | symbol, unknown>();
  return new Proxy(counted, {
    get(target, name) {
      if (wrapped.has(name)) return wrapped.get(name);
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function' || typeof name !== 'string') return value;
      const one = (...args: unknown[]): unknown => {
        const begin = performance.now();
        const span = beginPart(`supplier ${name}`, 'client', { 'lumi.product': product, 'lumi.supplier': supplier });
        const end = (outcome: string): void => {
          span?.set({ 'lumi.outcome': outcome });
          span?.end();
          calls.of({ product, supplier, call: name, outcome }).add();
          times.of({ product, supplier, call: name }).seconds((performance.now() - begin) / 1_000);
        };
        let answer: unknown;
        try {
          answer = within(span, (): unknown => Reflect.apply(value, target, args));
        } catch (err) {
          end('unavailable');
          throw err;
        }
        if (!(answer instanceof Promise)) return answer;
        answer.then(
          (given: unknown) => end(outcomeOf(given)),
          () => end('unavailable'),
        );
        return answer;
      };
      wrapped.set(name, one);
      return one;
    },
    // A call that was replaced is the replacement, as with any object.
    set(_target, name, value) {
      wrapped.set(name, value);
      return true;
    },
    deleteProperty(_target, name) {
      wrapped.delete(name);
      return true;
    },
  });
}

function outcomeOf(answer: unknown): string {
  if (typeof answer !== 'object' || answer === null || !('kind' in answer) || typeof answer.kind !== 'string')
    return 'ok';
  return OUTCOMES[answer.kind] ?? 'ok';
}
