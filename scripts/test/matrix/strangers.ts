// Callers without a valid key. Every key but the invented ones was valid before, or is valid elsewhere; it is refused
// only because it is no longer valid, or not here.
import { BASE_PATHS, PRODUCTS, type Product } from '@lumi/shared/contract';
import { generateKey } from '@lumi/shared/keys';
import { IDENTITY_HEADER } from '@lumi/shared/principal';
import { until } from '@lumi/shared/testing';
import type { Call } from '../contract/world';
import { identityOf } from './identities';
import type { Probe, Scene } from './probe';

export async function strangers(scene: Scene, call: Call): Promise<Probe[]> {
  const { product, lumi, world } = scene;
  const once = (who: string, make: () => Promise<string>): Promise<Probe> =>
    world.once(who, make).then((key) => ({ who, expected: '401 invalid_key', key, call }));
  const customer = world.who.accountId;
  return [
    { who: 'no key', expected: '401 missing_bearer', key: null, call },
    {
      who: 'an identity of their own and no key',
      expected: '401 missing_bearer',
      key: null,
      call,
      headers: { [IDENTITY_HEADER]: identityOf(scene) },
    },
    { who: 'what has not the shape of a key', expected: '401 invalid_key', key: `lumi_${product}_notakey`, call },
    await once('a key that never was', () => Promise.resolve(generateKey(product))),
    await once('a key that was revoked', () => revoked(scene, lumi.keyOf(customer, { product }))),
    await once('an operator key that was revoked', () => revoked(scene, lumi.operator(product))),
    await once('a key that has expired', () => expired(scene)),
    ...(await Promise.all(
      PRODUCTS.filter((other) => other !== product).flatMap((other) => [
        once(`a key of ${other}`, () => goodAt(scene, other, lumi.keyOf(customer, { product: other }))),
        once(`an operator key of ${other}`, () => goodAt(scene, other, lumi.operator(other))),
      ]),
    )),
  ];
}

/** Of a product whose service does not run here: its key is accepted, and the path is not found. */
async function goodAt({ lumi }: Scene, product: Product, made: Promise<{ readonly key: string }>): Promise<string> {
  const { key } = await made;
  const { status, text } = await lumi.get({ key }, `${BASE_PATHS[product]}/me`);
  if (status === 401) throw new Error(`a key of ${product} is no good there: ${text}`);
  return key;
}

async function revoked(scene: Scene, made: Promise<{ readonly key: string; readonly keyId: string }>): Promise<string> {
  const { key, keyId } = await made;
  await isGood(scene, key);
  await scene.lumi.revoke(keyId);
  await until(async () => (await statusOf(scene, key)) === 401);
  return key;
}

/** A key that has expired since. */
async function expired(scene: Scene): Promise<string> {
  const { lumi, product, world } = scene;
  const { key } = await lumi.keyOf(world.who.accountId, { product, expiresAt: new Date(lumi.clock.nowMs() + 60_000) });
  await isGood(scene, key);
  await lumi.passTime(61_000);
  return key;
}

async function isGood(scene: Scene, key: string): Promise<void> {
  const status = await statusOf(scene, key);
  if (status !== 200) throw new Error(`a key that was just issued is answered ${String(status)}`);
}

const statusOf = async ({ lumi, world }: Scene, key: string): Promise<number> =>
  (await lumi.get({ key }, `${world.base}/me`)).status;
