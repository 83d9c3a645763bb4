// Signatures of money requests: the contract's own example, and values that only resemble a signature.
import { spawnSync } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { FixedClock } from '@lumi/shared/runtime';
import { testDatabase } from '@lumi/shared/testing';
import { ask, openFixture, type Fixture, type Reply, type TestGateway } from './fixture';

const database = testDatabase();
const clock = new FixedClock(1_800_000_000_000);
let fixture: Fixture;
let gateway: TestGateway;

beforeAll(async () => {
  fixture = await openFixture(database, null, clock);
  gateway = await fixture.gateway();
});
afterAll(() => fixture.close());

const BODY = '{"amount_usd":"5","provider":"cryptobot"}';

async function signer(signing: 'v1' | 'v2'): Promise<{ key: string; secret: string }> {
  const made = await fixture.newKey({ signing, limits: { regularPerMinute: 100_000 } });
  return { key: made.key, secret: made.signingSecret ?? '' };
}

function buy(
  key: string,
  headers: Record<string, string | string[]>,
  more: { body?: string | Buffer; path?: string } = {},
): Promise<Reply> {
  return ask(gateway, {
    method: 'POST',
    path: more.path ?? '/api/v1/things',
    key,
    body: more.body ?? BODY,
    headers: { 'idempotency-key': 'dep-2026-06-09-001', ...headers },
  });
}

const hex = (secret: string, text: string | Buffer): string => createHmac('sha256', secret).update(text).digest('hex');

describe('v1', () => {
  it('is HMAC-SHA256 over the exact bytes, in lower-case hex', async () => {
    const { key, secret } = await signer('v1');
    expect((await buy(key, { 'x-signature': hex(secret, BODY) })).status).toBe(200);
    const bytes = Buffer.from([0x22, 0xff, 0xfe, 0x22]); // the signature does not require JSON
    expect((await buy(key, { 'x-signature': hex(secret, bytes) }, { body: bytes })).status).toBe(200);
    expect((await buy(key, { 'x-signature': hex(secret, '') }, { body: '' })).status).toBe(200);
  });

  it('agrees with the Python example of the contract', async () => {
    const { key, secret } = await signer('v1');
    const script = `import hmac, hashlib, sys
SIGNING = sys.argv[1]
body = b'${BODY}'
sig = hmac.new(SIGNING.encode(), body, hashlib.sha256).hexdigest()
print(sig, end="")`;
    const python = spawnSync('python3', ['-c', script, secret], { encoding: 'utf8' });
    // Without Python, the vector below still compares the algorithm with the example.
    const signature = python.status === 0 ? python.stdout : hex(secret, BODY);
    expect((await buy(key, { 'x-signature': signature })).status).toBe(200);
    expect(hex('your_signing_secret', BODY)).toBe('811a0353d96f96733ad3a238a939707e9b0823a68e13953ea629e7509a9a6922');
  });

  it.each<[string, (good: string) => Record<string, string | string[]>]>([
    ['none', () => ({})],
    ['an empty one', () => ({ 'x-signature': '' })],
    ['one in upper case', (good) => ({ 'x-signature': good.toUpperCase() })],
    ['one with a character more', (good) => ({ 'x-signature': `${good}0` })],
    ['one with garbage behind it', (good) => ({ 'x-signature': `${good}zz` })],
    ['one that is too short', (good) => ({ 'x-signature': good.slice(0, 62) })],
    ['one with a prefix', (good) => ({ 'x-signature': `sha256=${good}` })],
    ['two of them', (good) => ({ 'x-signature': [good, good] })],
    ['one that is not hex', (good) => ({ 'x-signature': `g${good.slice(1)}` })],
    ['one digit changed', (good) => ({ 'x-signature': `${good.startsWith('0') ? '1' : '0'}${good.slice(1)}` })],
  ])('refuses %s', async (_what, headers) => {
    const { key, secret } = await signer('v1');
    const good = hex(secret, BODY);
    expect(await buy(key, headers(good))).toMatchObject({ status: 401, code: 'invalid_signature' });
  });

  it('refuses the signature of another body, of another key, and of v2', async () => {
    const { key, secret } = await signer('v1');
    const other = await signer('v1');
    expect((await buy(key, { 'x-signature': hex(secret, `${BODY} `) })).code).toBe('invalid_signature');
    expect((await buy(key, { 'x-signature': hex(other.secret, BODY) })).code).toBe('invalid_signature');
    expect((await buy(key, v2Headers(secret, {}))).code).toBe('invalid_signature');
  });

  it('is not required without money, nor from keys that do not sign', async () => {
    const { key } = await signer('v1');
    expect((await ask(gateway, { path: '/api/v1/things', key })).status).toBe(200);
    expect((await ask(gateway, { method: 'POST', path: '/api/v1/things?dry_run=true', key, body: BODY })).status).toBe(
      200,
    );
    expect((await buy((await fixture.newKey()).key, { 'x-signature': 'whatever' })).status).toBe(200);
  });
});

interface Signed {
  timestamp?: string;
  method?: string;
  path?: string;
  idempotencyKey?: string;
  body?: string;
}

function v2Headers(
  secret: string,
  {
    timestamp = String(clock.nowMs() / 1000),
    method = 'POST',
    path = '/api/v1/things',
    idempotencyKey = 'dep-2026-06-09-001',
    body = BODY,
  }: Signed,
): Record<string, string> {
  const text = ['v2', timestamp, method, path, idempotencyKey, createHash('sha256').update(body).digest('hex')].join(
    '\n',
  );
  return {
    'x-signature': `v2=${hex(secret, text)}`,
    'x-signature-timestamp': timestamp,
    'idempotency-key': 'dep-2026-06-09-001',
  };
}

describe('v2', () => {
  it('binds version, time, method, path with query, Idempotency-Key and body', async () => {
    const { key, secret } = await signer('v2');
    expect((await buy(key, v2Headers(secret, {}))).status).toBe(200);
    expect(
      (await buy(key, v2Headers(secret, { path: '/api/v1/things?a=1&b=%20' }), { path: '/api/v1/things?a=1&b=%20' }))
        .status,
    ).toBe(200);
  });

  it.each<[string, Signed]>([
    ['another method', { method: 'PUT' }],
    ['another path', { path: '/api/v1/other' }],
    ['a query that was not sent', { path: '/api/v1/things?a=1' }],
    ['another Idempotency-Key', { idempotencyKey: 'dep-2026-06-09-002' }],
    ['another body', { body: '{}' }],
  ])('refuses a signature over %s', async (_what, signed) => {
    const { key, secret } = await signer('v2');
    expect(await buy(key, v2Headers(secret, signed))).toMatchObject({ status: 401, code: 'invalid_signature' });
  });

  it('takes a timestamp up to 300 s off, in either direction, and no other form', async () => {
    const { key, secret } = await signer('v2');
    const nowS = clock.nowMs() / 1000;
    const answers = async (timestamp: string): Promise<number> =>
      (await buy(key, v2Headers(secret, { timestamp }))).status;
    expect(await answers(String(nowS - 300))).toBe(200);
    expect(await answers(String(nowS + 300))).toBe(200);
    for (const bad of [
      String(nowS - 301),
      String(nowS + 301),
      `${String(nowS)}.0`,
      `${String(nowS)}000`,
      '1.8e9',
      `0${String(nowS)}`,
      'now',
    ])
      expect(await answers(bad)).toBe(401);
  });

  it('says that the timestamp is wrong, and what time the gateway has', async () => {
    const { key, secret } = await signer('v2');
    const nowS = clock.nowMs() / 1000;
    const { 'x-signature-timestamp': _left, ...without } = v2Headers(secret, {});
    for (const headers of [
      v2Headers(secret, { timestamp: String(nowS - 301) }),
      v2Headers(secret, { timestamp: 'now' }),
      without,
    ]) {
      const answer = await buy(key, headers);
      expect([answer.status, answer.code, answer.text]).toEqual([
        401,
        'invalid_signature',
        expect.stringContaining('timestamp'),
      ]);
      expect(answer.text).toContain(String(nowS));
    }
    expect((await buy(key, v2Headers('another secret', {}))).text).not.toContain('imestamp');
  });

  it('refuses a missing timestamp and the weaker v1', async () => {
    const { key, secret } = await signer('v2');
    const { 'x-signature-timestamp': _left, ...without } = v2Headers(secret, {});
    expect((await buy(key, without)).code).toBe('invalid_signature');
    expect((await buy(key, { 'x-signature': hex(secret, BODY) })).code).toBe('invalid_signature');
  });
});

describe('a guarded request', () => {
  const guarded = (key: string, headers: Record<string, string>, at: TestGateway = gateway): Promise<Reply> =>
    ask(at, { method: 'POST', path: '/api/v1/admin/keys', key, body: BODY, headers });
  const change = (key: string, headers: Record<string, string>): Promise<Reply> =>
    ask(gateway, { method: 'PATCH', path: '/api/v1/renewing/t1', key, body: BODY, headers });
  const operator = async (signing: 'none' | 'v1'): Promise<{ key: string; secret: string }> => {
    const made = await fixture.newKey({
      type: 'operator',
      accountId: null,
      scopes: [],
      signing,
      limits: { regularPerMinute: 100_000 },
    });
    return { key: made.key, secret: made.signingSecret ?? '' };
  };
  const told = (): string | undefined => fixture.services.domains.received.at(-1)?.principal.signature;

  it('requires a signature and an Idempotency-Key from a key that signs', async () => {
    const { key, secret } = await operator('v1');
    const signature = { 'x-signature': hex(secret, BODY) };
    expect((await guarded(key, { 'idempotency-key': 'issue-0001' })).code).toBe('invalid_signature');
    expect((await guarded(key, signature)).code).toBe('idempotency_key_required');
    expect((await guarded(key, { ...signature, 'idempotency-key': 'short' })).code).toBe('validation_error');
    expect((await guarded(key, { ...signature, 'idempotency-key': 'issue-0001' })).status).toBe(200);
    expect(told()).toBe('checked');
  });

  it('requires neither from a key that does not sign, and takes an Idempotency-Key', async () => {
    const { key } = await operator('none');
    expect((await guarded(key, {})).status).toBe(200);
    expect(told()).toBeUndefined();
    expect((await guarded(key, { 'idempotency-key': 'issue-0001' })).status).toBe(200);
    expect((await guarded(key, { 'idempotency-key': 'short' })).code).toBe('validation_error');
  });

  it('works while money is switched off, and requires the signature then too', async () => {
    const off = await fixture.gateway({ API_MONEY_ENABLED: 'false' });
    const { key, secret } = await operator('v1');
    expect(
      (await guarded(key, { 'idempotency-key': 'issue-0001', 'x-signature': hex(secret, BODY) }, off)).status,
    ).toBe(200);
    expect((await guarded(key, { 'idempotency-key': 'issue-0001' }, off)).code).toBe('invalid_signature');
    await off.close();
  });

  it('is marked as signed, unsigned or exempt when only the body shows that it is guarded', async () => {
    const { key, secret } = await signer('v1');
    expect([(await change(key, {})).status, told()]).toEqual([200, 'missing']);
    expect([(await change(key, { 'x-signature': hex(secret, BODY) })).status, told()]).toEqual([200, 'checked']);
    expect([(await change(key, {})).status, told()]).toEqual([200, 'missing']);
    expect((await change(key, { 'x-signature': hex(secret, 'another body') })).code).toBe('invalid_signature');
    expect([(await change((await fixture.newKey()).key, {})).status, told()]).toEqual([200, undefined]);
  });
});
