// The permission matrix: sends every operation of a product's document as every caller who must be refused. Each gets
// the refusal of the contract, and nothing changes. The rows come from the document, so a new operation is in it
// automatically, and fails here until a recipe says how to call it. Each refusal has one reason: the same request
// without that reason succeeds.
import type { Product } from '@lumi/shared/contract';
import type { Operation } from '../contract/documented-api';
import { isGuarded } from '../contract/guarded-requests';
import type { Recipes } from '../contract/world';
import { matrix } from './matrix';

/** Operations without a key, and operations with a key but without a scope. Add to these lists only on purpose. */
export const FOR_EVERYBODY: readonly string[] = [
  'get-openapi',
  'list-errors',
  'list-event-types',
  'pay-sandbox-invoice',
  'show-sandbox-pay-page',
  'take-payment-webhook',
];
/** The same of single products. */
export const FOR_EVERYBODY_AT: Readonly<Partial<Record<Product, readonly string[]>>> = { proxy: ['read-export-link'] };
export const FOR_EVERY_KEY: readonly string[] = ['get-me'];

/** Operations other than `GET` that need only `read`: they only look something up, or keep the place of a reader. */
export const READS: readonly string[] = [
  'acknowledge-event',
  'check-domains',
  'check-transfer',
  'delete-event-consumer',
  'suggest-domains',
];
/**
 * Operations with a scope that moves money, or an operator's, but without a signature: they spend nothing and decide
 * nothing.
 */
export const UNSIGNED: readonly string[] = [
  'cancel-batch',
  'cancel-deposit',
  'create-quote',
  'forget-operation-secret',
];

export function matrixOf(product: Product, recipes: Recipes): void {
  const { lumi, start, operations, outcomesOf } = matrix(product, recipes);

  beforeAll(start);

  it('has every operation of the document', () => {
    expect(
      operations()
        .map(({ id }) => id)
        .sort(),
    ).toEqual(Object.keys(recipes).sort());
  });

  it('has no operation open to all callers, or to every key, except the listed ones', () => {
    expect(unscoped(operations())).toEqual({
      public: [...FOR_EVERYBODY, ...(FOR_EVERYBODY_AT[product] ?? [])].sort(),
      any: FOR_EVERY_KEY,
    });
  });

  it('has no operation that changes something with `read`, or spends unsigned, except the listed ones', () => {
    const { reads, unsigned } = lax(operations());
    expect([reads.filter((id) => !READS.includes(id)), unsigned.filter((id) => !UNSIGNED.includes(id))]).toEqual([
      [],
      [],
    ]);
  });

  it.each(Object.entries(recipes))('%s refuses every caller who may not', async (id, recipe) => {
    const { seen, promised, changed } = await outcomesOf(id, recipe);
    expect(seen).toEqual(promised);
    expect(changed).toEqual([]);
  });

  it('leaves the books right', async () => {
    expect(await lumi.breaches()).toEqual([]);
  });
}

/** An operation without a scope by mistake is one of these. */
export function unscoped(operations: readonly Operation[]): {
  readonly public: readonly string[];
  readonly any: readonly string[];
} {
  const having = (scope: string): string[] =>
    operations
      .filter(({ scopes }) => scopes.includes(scope))
      .map(({ id }) => id)
      .sort();
  return { public: having('public'), any: having('any') };
}

/** An operation that was declared too harmless by mistake is one of these. */
export function lax(operations: readonly Operation[]): {
  readonly reads: readonly string[];
  readonly unsigned: readonly string[];
} {
  const [reading, spending] = [/:read$/, /:buy$|^deposits:write$|^admin:\*$/];
  const changing = (scope: RegExp): Operation[] =>
    operations.filter(({ method, scopes }) => method !== 'GET' && scopes.some((one) => scope.test(one)));
  return {
    reads: changing(reading).map(({ id }) => id),
    unsigned: changing(spending)
      .filter((operation) => !operation.isMoney && !isGuarded(operation))
      .map(({ id }) => id),
  };
}
