// Requests with an account of another customer, an unknown account, or not the account of the object.
import type { Operation } from '../contract/documented-api';
import type { Call, Recipe } from '../contract/world';
import { rehearsed, type Probe, type Scene } from './probe';

const NOBODY = `usr_${'0'.repeat(24)}`;

export function foreignAccounts({ world }: Scene, operation: Operation, recipe: Recipe, call: Call): Probe[] {
  if (!operation.takesUserId) return [];
  const { who, stranger, operator } = world;
  const inQuery = (userId: string): Call => ({ ...call, query: { ...call.query, user_id: userId } });
  const inBody = (userId: string): Call => ({ ...call, body: { ...call.body, user_id: userId } });
  const { properties = {} } = (operation.requestSchema ?? {}) as { readonly properties?: object };
  const customer = { expected: '404 not_found', key: who.key };
  const anOperator = { expected: '404 not_found', key: operator.key };
  const namesAnObject =
    recipe.isCatalogue !== true && operation.params.some((name) => !(recipe.open ?? []).includes(name));
  return [
    { ...customer, who: 'a customer naming another', call: inQuery(stranger.accountId), nobodys: inQuery(NOBODY) },
    { ...customer, who: 'a customer naming no account', call: inQuery('nobody') },
    { ...anOperator, who: 'an operator naming nobody', call: inQuery(NOBODY) },
    ...(namesAnObject
      ? [{ ...anOperator, who: 'an operator naming another than whose it is', call: inQuery(stranger.accountId) }]
      : []),
    ...(operation.hasDryRun
      ? [{ ...customer, who: 'a customer rehearsing for another', call: rehearsed(inQuery(stranger.accountId)) }]
      : []),
    ...('user_id' in properties
      ? [
          { ...customer, who: 'a customer naming another in the body', call: inBody(stranger.accountId) },
          { ...anOperator, who: 'an operator naming nobody in the body', call: inBody(NOBODY) },
        ]
      : []),
    ...(operation.isMoney
      ? [
          {
            who: 'an operator naming no account',
            expected: '422 validation_error',
            says: '"path":"user_id"',
            key: operator.key,
            call,
          },
        ]
      : []),
  ];
}
