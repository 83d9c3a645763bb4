// What answers over HTTP: the gateway, the services, the pay provider.
import { request } from 'undici';
import { PRODUCTS } from '../../ground/contract';
import type { DoctorSettings } from './config';
import { fail, ok, reasonOf, warn, type Finding } from './finding';

const LIMIT_MS = 5_000;
const BODY_MAX = 64 * 1_024;

export async function lookAtNetwork(settings: DoctorSettings): Promise<readonly Finding[]> {
  const services = PRODUCTS.map((product) => ({
    name: product,
    url: { domains: settings.DOMAINS_URL, vps: settings.VPS_URL, proxy: settings.PROXY_URL }[product],
  }));
  const found = await Promise.all([
    ...[{ name: 'gateway', url: settings.PUBLIC_URL }, ...services].flatMap(({ name, url }) =>
      url === undefined ? [] : [lookAtProcess(name, url)],
    ),
    ...(settings.CRYPTO_PAY_URL === undefined ? [] : [lookAtCryptoPay(settings.CRYPTO_PAY_URL, settings)]),
  ]);
  return found;
}

/** A process that is up says itself which of its dependencies are away, and which breakers are open. */
async function lookAtProcess(name: string, url: string): Promise<Finding> {
  const origin = url.replace(/\/$/, '');
  try {
    const { status, body } = await get(`${origin}/readyz`);
    if (status === 200) return ok(`${name}: answers, and is ready`);
    if (status === 503) return fail(`${name}: is not ready: ${awayIn(body)}`, 'look at what is away first');
    const alive = await get(`${origin}/healthz`);
    return alive.status === 200
      ? ok(`${name}: answers`)
      : fail(`${name}: answers ${String(alive.status)} to /healthz`, `is ${name} behind that address? See its log`);
  } catch (err) {
    return fail(`${name}: does not answer: ${reasonOf(err)}`, `start it, or repair its address; its log says more`);
  }
}

function awayIn(body: string): string {
  return /[\w", :{}[\]-]*/.exec(body.slice(0, 300))?.[0] ?? '';
}

async function lookAtCryptoPay(url: string, { CRYPTO_PAY_TOKEN: token }: DoctorSettings): Promise<Finding> {
  try {
    const { status } = await get(`${url.replace(/\/$/, '')}/api/getMe`, token);
    if (status === 200) return ok('suppliers: Crypto Pay answers, and accepts the token');
    if (status === 401 || status === 403)
      return token === undefined
        ? ok('suppliers: Crypto Pay answers')
        : fail('suppliers: Crypto Pay refuses the token', 'put the token of this app into CRYPTO_PAY_TOKEN');
    return warn(`suppliers: Crypto Pay answers ${String(status)}`, 'deposits wait; look at its status page');
  } catch (err) {
    return fail(`suppliers: Crypto Pay does not answer: ${reasonOf(err)}`, 'check CRYPTO_PAY_URL and the way out');
  }
}

async function get(url: string, token?: string): Promise<{ status: number; body: string }> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  const headers = token === undefined ? {} : { 'crypto-pay-api-token': token };
  const { statusCode, body } = await request(url, { signal, headers });
  let text = '';
  for await (const chunk of body) {
    text += String(chunk);
    if (text.length > BODY_MAX) break;
  }
  return { status: statusCode, body: text };
}
