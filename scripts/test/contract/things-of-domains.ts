// The objects that the recipes of domains need: names, contacts, transfers.
import type { World } from './world';

export const PERSON = {
  type: 'person',
  first_name: 'Ada',
  last_name: 'Lovelace',
  email: 'ada@example.com',
  phone: '+4930123456',
  address1: 'Unter den Linden 1',
  city: 'Berlin',
  postal_code: '10117',
  country: 'DE',
};
export const DS = {
  mode: 'external',
  ds: [
    {
      key_tag: 12345,
      algorithm: 13,
      digest_type: 2,
      digest: 'E2D3C916F6DEEAC73294E8268FB5885044A833FC5459588F4A9184CFC41A5766',
    },
  ],
};

export const name = (world: World, word = 'contract'): string => `${world.fresh(word)}.test`;
export const buy = async (world: World, word?: string): Promise<{ domain: string }> => {
  const domain = name(world, word);
  await world.pay('/domains', { domain, max_price_usd: '5.00' });
  return { domain };
};
/** For calls that do not affect each other; long-lived, because recipes move the clock. */
export const held = (world: World): Promise<{ domain: string }> =>
  world.once('held', async () => {
    const domain = name(world, 'held');
    await world.pay('/domains', { domain, years: 10 });
    return { domain };
  });
export const expiry = async (world: World, { domain }: { domain: string }): Promise<string> =>
  (await world.get<{ expires_at: string }>(`/domains/${domain}`)).expires_at;
export const contact = async (world: World): Promise<{ id: string }> => ({
  id: (await world.send<{ id: string }>('POST', '/contacts', PERSON)).id,
});
export const withHost = async (world: World, at?: { domain: string }): Promise<{ domain: string; host: string }> => {
  const { domain } = at ?? (await held(world));
  const host = `${world.fresh('ns')}.${domain}`;
  await world.send('PUT', `/domains/${domain}/hosts/${host}`, { ips: ['192.0.2.53'] });
  return { domain, host };
};
export const moving = async (world: World): Promise<{ id: string }> => {
  await world.pay('/transfers', {
    domain: name(world, 'elsewhere-transfer-pending-then-done'),
    auth_code: 'right-code',
    max_price_usd: '5.00',
  });
  return { id: (await world.get<{ items: { id: string }[] }>('/transfers')).items[0]?.id ?? '' };
};
export const quote = (world: World): Promise<{ id: string }> =>
  world.send('POST', '/quotes', { operation: 'register', items: [{ domain: name(world), years: 1 }] });

export async function buyUnlocked(world: World): Promise<{ domain: string }> {
  const one = await buy(world);
  await world.send('PATCH', `/domains/${one.domain}`, { locked: false });
  return one;
}

export async function withContact(world: World): Promise<{ domain: string }> {
  const domain = `${world.fresh('contract-owner')}.com`;
  await world.pay('/domains', { domain, contact_id: (await contact(world)).id });
  return { domain };
}
