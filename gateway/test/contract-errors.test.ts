// docs/contract.md and the code have the same errors. A client gets each of them in the contract's shape: the gateway's
// own refusals, and those that a service sends and the gateway passes on unchanged.
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { AppError, ERROR_CODES, isErrorCode, type ErrorCode } from '@lumi/shared/contract';
import { errorBody, errorHeaders } from '@lumi/shared/http';
import { testDatabase } from '@lumi/shared/testing';
import { ask, openFixture, type Ask, type Fixture, type Reply, type TestGateway } from './fixture';

const database = testDatabase();
const documented = readTable();
let fixture: Fixture;
let gateway: TestGateway;
let good: string;

beforeAll(async () => {
  fixture = await openFixture(database, null);
  gateway = await fixture.gateway();
  good = (await fixture.newKey()).key;
});
afterAll(() => fixture.close());

/** The rows of the first table below the heading "Errors". */
function readTable(): { status: number; code: string }[] {
  const text = readFileSync(join(__dirname, '../../docs/contract.md'), 'utf8');
  const section = text.split(/^## Errors$/m)[1]?.split(/^## /m)[0] ?? '';
  return [...section.matchAll(/^\| *(\d{3}) *\| *`([a-z_]+)` *\|/gm)].map((row) => ({
    status: Number.parseInt(row[1] ?? '', 10),
    code: row[2] ?? '',
  }));
}

type Provoke = () => Promise<Reply>;

const money = (more: Partial<Ask> = {}): Ask => ({
  method: 'POST',
  path: '/api/v1/things',
  key: good,
  body: '{}',
  ...more,
  headers: { 'idempotency-key': 'order-0001', ...more.headers },
});
const raw = (text: string, at: TestGateway = gateway): Promise<Reply> =>
  new Promise((resolve, reject) => {
    let all = '';
    const socket = net.connect(at.port, '127.0.0.1', () => socket.write(text));
    socket.on('data', (chunk) => (all += chunk.toString('utf8')));
    socket.on('error', reject);
    socket.on('close', () => {
      const [head = '', body = ''] = all.split('\r\n\r\n');
      const headers = Object.fromEntries(
        head
          .split('\r\n')
          .slice(1)
          .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
      );
      resolve({
        status: Number.parseInt(head.slice(9, 12), 10),
        headers,
        text: body,
        code: (JSON.parse(body) as { error: { code: string } }).error.code,
      });
    });
  });

const AT_THE_GATEWAY: Partial<Record<ErrorCode, Provoke>> = {
  bad_request: () => raw('nonsense\r\n\r\n'),
  missing_bearer: () => ask(gateway, { path: '/api/v1/things' }),
  invalid_key: () => ask(gateway, { path: '/api/v1/things', key: 'lumi_domains_unknown' }),
  invalid_signature: async () => ask(gateway, money({ key: (await fixture.newKey({ signing: 'v1' })).key })),
  forbidden_scope: async () =>
    ask(gateway, { path: '/api/v1/things', key: (await fixture.newKey({ scopes: ['domains:write'] })).key }),
  money_disabled: async () => ask(await fixture.gateway({ API_MONEY_ENABLED: undefined }), money()),
  idempotency_key_required: () => ask(gateway, money({ headers: { 'idempotency-key': ' ' } })),
  not_found: () => ask(gateway, { path: '/api/v1/nothing', key: good }),
  method_not_allowed: () => ask(gateway, { method: 'DELETE', path: '/api/v1/things', key: good }),
  request_timeout: async () =>
    raw(
      'GET /api/v1/things HTTP/1.1\r\nHost: a',
      await fixture.gateway({}, { headersTimeoutMs: 200, requestTimeoutMs: 400 }),
    ),
  payload_too_large: () =>
    ask(gateway, { method: 'POST', path: '/api/v1/things/check', key: good, body: 'x'.repeat(1_048_577) }),
  validation_error: () => ask(gateway, money({ headers: { 'idempotency-key': 'with space' } })),
  rate_limited: async () => {
    const { key } = await fixture.newKey({ limits: { regularPerMinute: 1 } });
    await ask(gateway, { path: '/api/v1/me', key });
    return ask(gateway, { path: '/api/v1/me', key });
  },
  headers_too_large: () =>
    ask(gateway, { path: '/api/v1/things', key: good, headers: { 'x-long': 'x'.repeat(17_000) } }),
  api_disabled: async () => ask(await fixture.gateway({ API_ENABLED: 'false' }), { path: '/api/v1/things', key: good }),
  service_unavailable: () => {
    fixture.services.domains.answer = () => 'reset';
    return ask(gateway, money());
  },
};

afterEach(() => {
  fixture.services.domains.answer = () => ({ status: 200, body: '{}' });
});

it('docs/contract.md and the code name the same codes with the same statuses', () => {
  const rows = (list: readonly { status: number; code: string }[]): string[] =>
    list.map(({ status, code }) => `${String(status)} ${code}`).sort();
  expect(rows(documented)).toEqual(rows(Object.entries(ERROR_CODES).map(([code, { status }]) => ({ status, code }))));
});

describe.each(documented)('$status $code', ({ status, code }) => {
  it('arrives in the error shape, with the request id in body and header', async () => {
    if (!isErrorCode(code)) throw new Error(`'${code}' is not in the code's own list`);
    const reply = await (AT_THE_GATEWAY[code] ?? passedOn(code))();
    expect({ status: reply.status, code: reply.code }).toEqual({ status, code });
    expect(reply.headers['content-type']).toBe('application/json; charset=utf-8');
    const { error, ...beside } = JSON.parse(reply.text) as { error: Record<string, unknown> };
    expect(beside).toEqual({});
    expect(Object.keys(error).sort()).toEqual(expect.arrayContaining(['code', 'message', 'request_id']));
    expect(Object.keys(error).every((name) => ['code', 'message', 'request_id', 'details'].includes(name))).toBe(true);
    expect(error['request_id']).toBe(reply.headers['x-request-id']);
    expect(error['message']).toMatch(/\S/);
    if (status === 429 || code === 'service_unavailable') expect(reply.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    if (status === 405) expect(reply.headers['allow']).toBe('GET, HEAD, POST');
    if (code === 'validation_error')
      expect(error['details']).toEqual([{ path: 'Idempotency-Key', message: expect.any(String) as string }]);
  });
});

/** Refusals that only a service can make: the service answers, and the gateway changes nothing. */
function passedOn(code: ErrorCode): Provoke {
  return () => {
    fixture.services.domains.answer = (request) => {
      const err = new AppError(code);
      const requestId = String(request.headers['x-request-id']);
      return {
        status: err.status,
        headers: { ...errorHeaders(err), 'x-request-id': requestId },
        body: JSON.stringify(errorBody(err, requestId)),
      };
    };
    return ask(gateway, money());
  };
}

describe('the same answer', () => {
  const bytes = (reply: Reply): string => reply.text.replace(/req_[0-9a-z]{24}/g, 'req');
  const names = (reply: Reply): string[] => Object.keys(reply.headers).sort();

  it('is given to every invalid key, for every reason', async () => {
    const good2 = (await fixture.newKey()).key;
    const revoked = await fixture.newKey();
    await fixture.owner.query('UPDATE platform.api_key SET revoked_at = now() WHERE id = $1', [revoked.id]);
    const expired = await fixture.newKey({ expiresAt: new Date(Date.now() + 3_600_000) });
    await fixture.owner.query(`UPDATE platform.api_key SET expires_at = now() - interval '1 second' WHERE id = $1`, [
      expired.id,
    ]);
    const replies = await Promise.all(
      [
        `${good2.slice(0, -1)}${good2.endsWith('a') ? 'b' : 'a'}`,
        'lumi_domains_x',
        'something',
        (await fixture.newKey({ product: 'vps' })).key,
        revoked.key,
        expired.key,
        (await fixture.newKey({ ipAllowlist: ['192.0.2.0/24'] })).key,
        `${good2} ${good2}`,
        `${good2}\t`.repeat(2),
      ].map((key) => ask(gateway, { path: '/api/v1/me', key })),
    );
    for (const reply of replies) {
      expect(reply).toMatchObject({ status: 401, code: 'invalid_key' });
      expect(bytes(reply)).toBe(bytes(replies[0] ?? reply));
      expect(names(reply)).toEqual(names(replies[0] ?? reply));
    }
  });

  it.each(['Basic dTpw', 'bearer', 'Bearer', 'Token abc', ''])('is missing_bearer for %p', async (authorization) => {
    expect(await ask(gateway, { path: '/api/v1/me', headers: { authorization } })).toMatchObject({
      status: 401,
      code: 'missing_bearer',
    });
  });

  it('is missing_bearer for a key in the query', async () => {
    expect(await ask(gateway, { path: `/api/v1/me?key=${good}&access_token=${good}` })).toMatchObject({
      status: 401,
      code: 'missing_bearer',
    });
  });
});
