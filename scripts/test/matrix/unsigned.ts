// Requests of keys that sign, without a signature or with a wrong one.
import type { Operation } from '../contract/documented-api';
import { guardedCall, isGuarded } from '../contract/guarded-requests';
import type { Call } from '../contract/world';
import { COMES_THROUGH, targetOf, textOf, withFieldTooMuch, type Probe, type Scene } from './probe';
import { signedByV1, signedByV2, type SignedByV2 } from './signatures';

const UNSIGNED = { expected: '401 invalid_signature', says: "requires a valid 'X-Signature'" };
const LATE_S = 3_600;

/** Each is wrong in one way; the last of each version is correct. */
export async function unsigned(scene: Scene, operation: Operation, call: Call): Promise<Probe[]> {
  if (!operation.isMoney && !isGuarded(operation)) return [];
  const { lumi, product, world, keyOf } = scene;
  const signs = (name: string, signing: 'v1' | 'v2') =>
    operation.scopes.includes('admin:*')
      ? world.once(`operator ${name}`, () => lumi.operator(product, { signing }))
      : keyOf(name, { signing });
  const [v1, v2, other] = [await signs('v1', 'v1'), await signs('v2', 'v2'), await signs('another v2', 'v2')];
  const [first, second, others] = [v1, v2, other].map(({ signingSecret = '' }) => signingSecret) as [
    string,
    string,
    string,
  ];
  const idempotencyKey = world.fresh('matrix-signed');
  const guarded = operation.isMoney ? call : guardedCall(operation, call);
  const good: SignedByV2 = {
    timestamp: Math.floor(lumi.clock.nowMs() / 1_000),
    method: operation.method,
    target: `${world.base}${targetOf(operation, guarded)}`,
    idempotencyKey,
    body: textOf(guarded) ?? '',
  };
  const { body } = good;
  const inTime = { 'x-signature-timestamp': String(good.timestamp) };
  const ofV1 = { ...UNSIGNED, call: guarded, key: v1.key, idempotencyKey };
  const ofV2 = { ...ofV1, key: v2.key };
  const further = withFieldTooMuch(guarded);
  return [
    { ...ofV1, who: 'a key that signs, unsigned' },
    { ...ofV1, who: 'a key that signs, with the signature of another key', headers: signedByV1(others, body) },
    { ...ofV1, who: 'a key that signs, with the signature of another body', headers: signedByV1(first, `${body} `) },
    { ...ofV1, who: 'a key that signs, signed by v2', headers: signedByV2(first, good) },
    { ...ofV1, ...COMES_THROUGH, who: 'a key that signs, signed', call: further, headers: signedByV1(first, body) },
    { ...ofV2, who: 'a key that signs by v2, unsigned', headers: inTime },
    { ...ofV2, who: 'a key that signs by v2, with the signature of another key', headers: signedByV2(others, good) },
    {
      ...ofV2,
      who: 'a key that signs by v2, with the signature of another body',
      headers: signedByV2(second, { ...good, body: `${body} ` }),
    },
    {
      ...ofV2,
      who: 'a key that signs by v2, with the signature of another Idempotency-Key',
      headers: signedByV2(second, { ...good, idempotencyKey: `${idempotencyKey}-b` }),
    },
    { ...ofV2, who: 'a key that signs by v2, signed by v1', headers: { ...signedByV1(second, body), ...inTime } },
    {
      ...ofV2,
      who: 'a key that signs by v2, signed an hour ago',
      says: 'is more than 300 s',
      headers: signedByV2(second, { ...good, timestamp: good.timestamp - LATE_S }),
    },
    {
      ...ofV2,
      who: 'a key that signs by v2, signed without a time',
      says: 'is missing',
      headers: { 'x-signature': signedByV2(second, good)['x-signature'] ?? '' },
    },
    {
      ...ofV2,
      ...COMES_THROUGH,
      who: 'a key that signs by v2, signed',
      call: further,
      headers: signedByV2(second, { ...good, target: `${world.base}${targetOf(operation, further)}` }),
    },
  ];
}
