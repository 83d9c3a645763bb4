// Requests past the gateway: a service accepts only identities with the gateway's signature, and checks scopes and
// signatures itself.
import { PRODUCTS, resellerScopes } from '@lumi/shared/contract';
import type { Principal } from '@lumi/shared/principal';
import type { Operation } from '../contract/documented-api';
import { guardedCall, isGuarded } from '../contract/guarded-requests';
import type { Call } from '../contract/world';
import { COMES_THROUGH, withFieldTooMuch, type Probe, type Scene } from './probe';

/** An operator's by default. */
export function identityOf(
  { product, lumi, world }: Scene,
  wishes: Partial<Principal> = {},
  signedWith: 'our key' | 'their key' = 'our key',
): string {
  return lumi.identity(
    {
      product,
      keyId: world.operator.keyId,
      type: 'operator',
      accountId: null,
      lineageId: 'lin_matrix',
      scopes: [...resellerScopes(product), 'admin:*'],
      moneyPerMinute: 1_000,
      regularPerMinute: 1_000,
      ...wishes,
    },
    signedWith,
  );
}

export function straightAtTheService(scene: Scene, operation: Operation, call: Call): Probe[] {
  const { product, world } = scene;
  const probe = { key: null, call, expected: '401 invalid_key' };
  const isOpen = operation.scopes.includes('public');
  const customer = { type: 'reseller', keyId: world.who.keyId, accountId: world.who.accountId } as const;
  const nobody = { type: 'public', keyId: 'gateway', scopes: [] } as const;
  const enough = isOpen ? identityOf(scene, nobody) : identityOf(scene);
  return [
    { ...probe, who: 'nobody, straight at the service', identity: null },
    { ...probe, who: 'a key, straight at the service', identity: null, key: world.operator.key },
    { ...probe, who: 'words for an identity', identity: 'operator' },
    { ...probe, who: 'an identity signed by a key of their own', identity: identityOf(scene, {}, 'their key') },
    { ...probe, who: 'an identity that names our key and is not signed by it', identity: forged(scene) },
    { ...probe, who: 'an identity changed after it was signed', identity: changed(scene) },
    ...PRODUCTS.filter((other) => other !== product).map((other) => ({
      ...probe,
      who: `an identity for ${other}`,
      identity: identityOf(scene, { product: other }),
    })),
    // The sender of a webhook decides its body; an extra field in its address is allowed too.
    ...(operation.hasRawBody
      ? []
      : [
          {
            ...probe,
            ...COMES_THROUGH,
            who: 'an identity that is ours',
            identity: enough,
            call: withFieldTooMuch(call),
          },
        ]),
    ...(isOpen ? [] : [{ ...probe, who: 'the identity of nobody', identity: identityOf(scene, nobody) }]),
    ...(isOpen || operation.scopes.includes('any') ? [] : scopelessIdentities(scene, operation, call, customer)),
    ...(operation.isMoney || isGuarded(operation) ? unsignedIdentities(scene, operation, call) : []),
  ];
}

function scopelessIdentities(
  scene: Scene,
  operation: Operation,
  call: Call,
  customer: Pick<Principal, 'type' | 'keyId' | 'accountId'>,
): Probe[] {
  const scopes = resellerScopes(scene.product);
  const probe = { key: null, call };
  return [
    {
      ...probe,
      who: 'an identity without the scope',
      expected: '403 forbidden_scope',
      says: operation.scopes.map((scope) => `'${scope}'`).join(' or '),
      identity: identityOf(scene, { ...customer, scopes: scopes.filter((scope) => !operation.scopes.includes(scope)) }),
    },
    ...operation.scopes
      .filter((scope) => scopes.includes(scope))
      .map((scope) => ({
        ...probe,
        ...COMES_THROUGH,
        call: withFieldTooMuch(call),
        who: `an identity with ${scope} alone`,
        identity: identityOf(scene, { ...customer, scopes: [scope] }),
      })),
  ];
}

function unsignedIdentities(scene: Scene, operation: Operation, call: Call): Probe[] {
  const guarded = operation.isMoney ? call : guardedCall(operation, call);
  return [
    {
      who: 'an identity that signs and has not',
      key: null,
      call: guarded,
      expected: '401 invalid_signature',
      says: "requires a valid 'X-Signature'",
      identity: identityOf(scene, { signature: 'missing' }),
    },
    {
      who: 'an identity that signs and has',
      key: null,
      ...COMES_THROUGH,
      call: withFieldTooMuch(guarded),
      identity: identityOf(scene, { signature: 'checked' }),
    },
  ];
}

/** Our head and claims with another's signature. */
function forged(scene: Scene): string {
  const [head, claims] = identityOf(scene).split('.');
  return [head, claims, identityOf(scene, {}, 'their key').split('.')[2]].join('.');
}

/** A customer's identity that was changed to an operator's. */
function changed(scene: Scene): string {
  const [head, claims, signature] = identityOf(scene, { type: 'reseller', accountId: scene.world.who.accountId }).split(
    '.',
  );
  const operators = { ...(JSON.parse(Buffer.from(claims ?? '', 'base64url').toString()) as object), typ: 'operator' };
  return [head, Buffer.from(JSON.stringify(operators)).toString('base64url'), signature].join('.');
}
