// The same webhooks are good and bad for the client and for the official package of Standard Webhooks.
import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { LumiWebhookError, signWebhook, verifyWebhook } from '../src/verify-webhook';

const secret = `whsec_${randomBytes(32).toString('base64')}`;
const other = `whsec_${randomBytes(32).toString('base64')}`;
const body = JSON.stringify({ id: 'evt_1', type: 'domain.registered', data: { name: 'ünïcode.test' } });
const nowS = Math.floor(Date.now() / 1000);

type Headers = Record<string, string>;
const signed = async (by = secret, atS = nowS, text = body): Promise<Headers> =>
  signWebhook(text, { id: 'evt_1', secret: by, atS });

const official = (text: string, headers: Headers, by = secret): unknown => {
  try {
    return new Webhook(by).verify(text, headers);
  } catch {
    return 'refused';
  }
};
const ours = async (text: string, headers: Headers, by = secret): Promise<unknown> =>
  verifyWebhook(text, headers, by).catch(() => 'refused');

const cases: [string, () => Promise<[string, Headers, string?]>, boolean][] = [
  ['a good one', async () => [body, await signed()], true],
  ['a secret without its prefix', async () => [body, await signed(), secret.slice(6)], true],
  ['headers in other case', async () => [body, upperCase(await signed())], true],
  ['two signatures, the second good', async () => [body, both(await signed(other), await signed())], true],
  ['a signature of another version first', async () => [body, later(await signed(), 'v2,AAAA ')], true],
  ['299 s old', async () => [body, await signed(secret, nowS - 299)], true],
  ['a changed byte', async () => [body.replace('evt_1', 'evt_2'), await signed()], false],
  ['another secret', async () => [body, await signed(other)], false],
  ['6 minutes old', async () => [body, await signed(secret, nowS - 360)], false],
  ['6 minutes early', async () => [body, await signed(secret, nowS + 360)], false],
  ['another id', async () => [body, { ...(await signed()), 'webhook-id': 'evt_9' }], false],
  ['another time', async () => [body, { ...(await signed()), 'webhook-timestamp': String(nowS - 1) }], false],
  ['a timestamp of no number', async () => [body, { ...(await signed()), 'webhook-timestamp': 'now' }], false],
  ['a signature of no version', async () => [body, bare(await signed())], false],
  ['an upper-case version', async () => [body, changed(await signed(), (text) => text.replace('v1', 'V1'))], false],
  ['a cut signature', async () => [body, changed(await signed(), (text) => text.slice(0, -1))], false],
  ['a signature and more', async () => [body, changed(await signed(), (text) => `${text}=`)], false],
  ['an empty signature', async () => [body, changed(await signed(), () => '')], false],
  ['no id', async () => [body, { ...(await signed()), 'webhook-id': '' }], false],
];

it.each(cases)('%s', async (_name, make, isGood) => {
  const [text, headers, by] = await make();
  expect(await ours(text, headers, by)).toEqual(official(text, headers, by));
  expect((await ours(text, headers, by)) === 'refused').toBe(!isGood);
});

it('takes the official package’s own signature', async () => {
  const at = new Date(nowS * 1000);
  const headers = {
    'webhook-id': 'evt_1',
    'webhook-timestamp': String(nowS),
    'webhook-signature': new Webhook(secret).sign('evt_1', at, body),
  };
  expect(await verifyWebhook(body, headers, secret)).toEqual(JSON.parse(body));
  expect(await signed()).toEqual(headers);
});

it('takes bytes, the headers of fetch, and several secrets while one replaces another', async () => {
  const headers = new Headers(await signed());
  expect(await verifyWebhook(Buffer.from(body), headers, [other, secret])).toEqual(JSON.parse(body));
  await expect(verifyWebhook(body, headers, [])).rejects.toThrow(LumiWebhookError);
  await expect(verifyWebhook(body, await signed(secret, nowS - 30), secret, { toleranceS: 10 })).rejects.toThrow(
    '10 s',
  );
});

it('names no secret when it is not one', async () => {
  const wrong = 'whsec_!!not-base64!!';
  const err: unknown = await verifyWebhook(body, await signed(), wrong).catch((reason: unknown) => reason);
  expect(err).toBeInstanceOf(TypeError);
  expect(String(err)).not.toContain('not-base64');
});

function upperCase(headers: Headers): Headers {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]));
}
function changed(headers: Headers, change: (signature: string) => string): Headers {
  return { ...headers, 'webhook-signature': change(headers['webhook-signature'] ?? '') };
}
function both(a: Headers, b: Headers): Headers {
  return changed(b, (signature) => `${a['webhook-signature'] ?? ''} ${signature}`);
}
function later(headers: Headers, before: string): Headers {
  return changed(headers, (signature) => before + signature);
}
function bare(headers: Headers): Headers {
  return changed(headers, (signature) => signature.slice(3));
}
