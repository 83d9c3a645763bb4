// One purchase of each product, through the gateway, with the operator's command for the account and the keys.
import { setTimeout as sleep } from 'node:timers/promises';

const SALE_LIMIT_MS = 60_000;
/** @typedef {Record<string, string>} Answered */
/** @typedef {(...args: string[]) => Answered | Promise<Answered>} Lumi the command `lumi`; returns what it answered */
/** @typedef {readonly [product: string, path: string, body: object]} Purchase */

/** @type {(tag: string) => readonly Purchase[]} */
const purchases = (tag) => [
  ['domains', '/api/v1/domains', { domain: `sold-by-the-${tag}.test`, years: 1 }],
  [
    'vps',
    '/hosting/api/v1/servers',
    { plan_id: 's1', image_id: 'debian-12', locations: ['ams'], hostname: `${tag}.example.com`, period_months: 1 },
  ],
  ['proxy', '/proxy/api/v1/orders', { product_id: 'ipv4', items: [{ country: 'XA', quantity: 1 }], period_days: 30 }],
];

/**
 * @param {string} gateway its origin
 * @param {Lumi} lumi
 * @param {string} [tag] makes names that nobody has bought
 * @returns {Promise<Record<string, string>>} the key of each product
 */
export async function sell(gateway, lumi, tag = 'image') {
  const { user_id: accountId = '' } = await lumi('users', 'create', 'First customer');
  await lumi('users', 'adjust', accountId, '100', 'first deposit');
  /** @type {Record<string, string>} */
  const keys = {};
  for (const purchase of purchases(tag)) {
    const [product] = purchase;
    const { key = '' } = await lumi('keys', 'issue', '--product', product, '--type', 'reseller', '--user', accountId);
    keys[product] = key;
    await buy(gateway, purchase, key, tag);
  }
  await lumi('audit'); // exits with 1 when the books are wrong
  return keys;
}

/**
 * Repeats the request until the answer is the replay of a finished purchase.
 *
 * @param {string} gateway
 * @param {Purchase} purchase
 * @param {string} key
 * @param {string} tag
 */
async function buy(gateway, [product, path, body], key, tag) {
  const ask = async () => {
    const answer = await fetch(`${gateway}${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'idempotency-key': `${tag}-${product}-0001`,
      },
    });
    return {
      status: answer.status,
      text: await answer.text(),
      isReplay: answer.headers.get('idempotent-replayed') === 'true',
    };
  };
  const first = await ask();
  if (first.status >= 300) throw new Error(`${product}: the purchase was refused with ${first.status} ${first.text}`);
  const until = Date.now() + SALE_LIMIT_MS;
  let again = await ask();
  for (; !again.isReplay && again.status === 409 && Date.now() < until; again = await ask()) await sleep(500);
  if (!again.isReplay || again.status >= 300)
    throw new Error(`${product}: the repeated request was answered ${again.status} ${again.text}`);
}
