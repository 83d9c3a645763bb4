// Keys with all scopes but the required ones, in each form of the request; and keys with each of the required ones
// alone.
import { resellerScopes } from '@lumi/shared/contract';
import type { Operation } from '../contract/documented-api';
import type { Call } from '../contract/world';
import { COMES_THROUGH, rehearsed, withFieldTooMuch, type Probe, type Scene } from './probe';

export async function scopeless({ product, keyOf }: Scene, operation: Operation, call: Call): Promise<Probe[]> {
  if (operation.scopes.includes('any')) return [];
  const all = resellerScopes(product);
  const others = all.filter((scope) => !operation.scopes.includes(scope));
  const { key } = await keyOf(`scopes ${others.join(' ')}`, { scopes: others });
  const probe = {
    who: operation.scopes.includes('admin:*') ? "a customer's key with every scope" : 'a key without the scope',
    expected: '403 forbidden_scope',
    says: operation.scopes.map((scope) => `'${scope}'`).join(' or '),
    key,
  };
  const enough = await Promise.all(
    all
      .filter((scope) => operation.scopes.includes(scope))
      .map(async (scope) => ({
        ...COMES_THROUGH,
        who: `a key with ${scope} alone`,
        key: (await keyOf(`scopes ${scope}`, { scopes: [scope] })).key,
        call: withFieldTooMuch(call),
      })),
  );
  return [
    { ...probe, call },
    ...(operation.hasDryRun ? [{ ...probe, who: `${probe.who}, rehearsing`, call: rehearsed(call) }] : []),
    ...enough,
  ];
}
