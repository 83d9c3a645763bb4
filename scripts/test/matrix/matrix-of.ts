// Who may not do what: every operation of a product's document by everybody who must be refused, each with the refusal
// that the contract promises and nothing changed. The rows are read from the document, so a new operation stands in it
// by itself, and fails here until its recipe says how it is called. Whatever is refused is refused for one reason: the
// same without it comes through.
import type { Product } from '@lumi/shared/contract';
import type { Operation } from '../contract/documented-api';
import { isGuarded } from '../contract/guarded-requests';
import type { Recipes } from '../contract/world';
import { matrix } from './matrix';

/** What needs no key, and what needs a key and no scope. Whoever adds to these has thought about it. */
export const FOR_EVERYBODY: readonly string[] = [
  'get-openapi',
  'list-errors',
  'pay-sandbox-invoice',
  'show-sandbox-pay-page',
  'take-payment-webhook',
];
export const FOR_EVERY_KEY: readonly string[] = ['get-me'];

/** What is no `GET` and still needs no more than `read`: it only looks something up. */
export const READS: readonly string[] = ['check-domains', 'check-transfer'];
/**
 * What needs a scope that moves money, or an operator's, and no signature: it spends nothing and decides nothing. The
 * last two decide and should need one.
 */
export const UNSIGNED: readonly string[] = [
  'cancel-batch',
  'cancel-deposit',
  'create-quote',
  'forget-operation-secret',
  'suspend-server',
  'unsuspend-server',
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

  it('finds nothing open to everybody, or to every key, but what is meant to be', () => {
    expect(unscoped(operations())).toEqual({ public: FOR_EVERYBODY, any: FOR_EVERY_KEY });
  });

  it('finds nothing that could change something with `read`, or spend unsigned, but what is meant to', () => {
    const { reads, unsigned } = lax(operations());
    expect([reads.filter((id) => !READS.includes(id)), unsigned.filter((id) => !UNSIGNED.includes(id))]).toEqual([
      [],
      [],
    ]);
  });

  it.each(Object.entries(recipes))('%s is refused to everybody who may not', async (id, recipe) => {
    const { seen, promised, changed } = await outcomesOf(id, recipe);
    expect(seen).toEqual(promised);
    expect(changed).toEqual([]);
  });

  it('leaves the books right', async () => {
    expect(await lumi.breaches()).toEqual([]);
  });
}

/** An operation that forgot its scope is one of these. */
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

/** An operation that was declared too harmless is one of these. */
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
