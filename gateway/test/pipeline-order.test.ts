// Which stage refuses first. The list has the stages in the contract's order, each with an offence. For every
// neighbouring pair, a request with both offences gets the code of the earlier stage. An offence is a change to a valid
// request.
import { createHmac } from 'node:crypto';
import { testDatabase } from '@lumi/shared/testing';
import { FixedClock } from '@lumi/shared/runtime';
import { ask, openFixture, type Ask, type Fixture, type TestGateway } from './fixture';

const database = testDatabase();
// A fixed clock, so that a spent limit stays spent.
const clock = new FixedClock(Date.now());
let fixture: Fixture;

interface Draft {
  path: string;
  method: string;
  key: string | null;
  headers: Record<string, string | string[]>;
  body: string;
  apiEnabled: boolean;
  moneyEnabled: boolean;
  signed: boolean;
}

interface Stage {
  readonly refusal: string;
  readonly offend: (draft: Draft) => void;
}

let keys: { good: string; spent: string; noScope: string; spentNoScope: string };
let signingSecrets: Map<string, string>;

// The offences of a key combine into one key (spent and without scope), because a request has only one.
const STAGES: readonly Stage[] = [
  { refusal: '400 bad_request', offend: (draft) => (draft.headers['expect'] = 'miracles') },
  { refusal: '503 api_disabled', offend: (draft) => (draft.apiEnabled = false) },
  { refusal: '404 not_found', offend: (draft) => (draft.path = draft.path.replace('/api/v1', '/api/v9')) },
  { refusal: '401 missing_bearer', offend: (draft) => (draft.key = null) },
  {
    refusal: '401 invalid_key',
    offend: (draft) =>
      (draft.key = draft.key === null ? null : `${keys.good.slice(0, -1)}${keys.good.endsWith('0') ? '1' : '0'}`),
  },
  { refusal: '405 method_not_allowed', offend: (draft) => (draft.method = 'PUT') },
  {
    refusal: '429 rate_limited',
    offend: (draft) =>
      (draft.key = draft.key === keys.good ? keys.spent : draft.key === keys.noScope ? keys.spentNoScope : draft.key),
  },
  {
    refusal: '403 forbidden_scope',
    offend: (draft) =>
      (draft.key = draft.key === keys.good ? keys.noScope : draft.key === keys.spent ? keys.spentNoScope : draft.key),
  },
  { refusal: '413 payload_too_large', offend: (draft) => (draft.body = 'x'.repeat(1_048_577)) },
  { refusal: '422 validation_error', offend: (draft) => (draft.headers['content-type'] = 'text/plain') },
  { refusal: '403 money_disabled', offend: (draft) => (draft.moneyEnabled = false) },
  { refusal: '401 invalid_signature', offend: (draft) => (draft.signed = false) },
  { refusal: '400 idempotency_key_required', offend: (draft) => delete draft.headers['idempotency-key'] },
  {
    refusal: '422 validation_error',
    offend: (draft) =>
      (draft.headers['idempotency-key'] = draft.headers['idempotency-key'] === undefined ? '' : 'short'),
  },
];

const gateways = new Map<string, TestGateway>();

beforeAll(async () => {
  fixture = await openFixture(database, null, clock);
  signingSecrets = new Map();
  const issue = async (scopes: string[], regularPerMinute: number): Promise<string> => {
    const made = await fixture.newKey({ scopes, signing: 'v1', limits: { regularPerMinute } });
    signingSecrets.set(made.key, made.signingSecret ?? '');
    return made.key;
  };
  keys = {
    good: await issue(['domains:buy'], 100_000),
    spent: await issue(['domains:buy'], 1),
    noScope: await issue(['domains:read'], 100_000),
    spentNoScope: await issue(['domains:read'], 1),
  };
  for (const api of ['true', 'false']) {
    for (const moneySwitch of ['true', 'false'])
      gateways.set(
        `${api} ${moneySwitch}`,
        await fixture.gateway({ API_ENABLED: api, API_MONEY_ENABLED: moneySwitch }),
      );
  }
  for (const gateway of gateways.values()) {
    for (const key of [keys.spent, keys.spentNoScope]) await ask(gateway, { path: '/api/v1/me', key });
  }
});
afterAll(() => fixture.close());

function good(): Draft {
  return {
    path: '/api/v1/things',
    method: 'POST',
    key: keys.good,
    headers: { 'idempotency-key': 'order-0001' },
    body: '{"name":"a"}',
    apiEnabled: true,
    moneyEnabled: true,
    signed: true,
  };
}

async function answerTo(draft: Draft): Promise<string> {
  const gateway = gateways.get(`${String(draft.apiEnabled)} ${String(draft.moneyEnabled)}`);
  if (gateway === undefined) throw new Error('no such gateway');
  const secret = draft.key === null ? undefined : signingSecrets.get(draft.key);
  const request: Ask = {
    method: draft.method,
    path: draft.path,
    body: draft.body,
    ...(draft.key === null ? {} : { key: draft.key }),
    headers: {
      ...draft.headers,
      ...(draft.signed && secret !== undefined
        ? { 'x-signature': createHmac('sha256', secret).update(draft.body).digest('hex') }
        : {}),
    },
  };
  const reply = await ask(gateway, request);
  return `${String(reply.status)} ${reply.code ?? ''}`.trim();
}

it('lets a request without an offence pass', async () => {
  expect(await answerTo(good())).toBe('200');
});

it.each(STAGES.map((stage, i) => [i, stage.refusal, stage] as const))(
  'stage %d refuses with %s',
  async (_i, refusal, stage) => {
    const draft = good();
    stage.offend(draft);
    expect(await answerTo(draft)).toBe(refusal);
  },
);

const pairs = STAGES.flatMap((earlier, i) =>
  STAGES.slice(i + 1).map((later, j) => ({ earlier, later, isNeighbour: j === 0 })),
);

describe('a request with two offences is refused by the earlier stage', () => {
  it.each(pairs.filter(canBothBe).map((pair) => [pair.earlier.refusal, pair.later.refusal, pair] as const))(
    '%s before %s',
    async (refusal, _later, { earlier, later }) => {
      for (const order of [
        [earlier, later],
        [later, earlier],
      ]) {
        const draft = good();
        for (const stage of order) stage.offend(draft);
        if (STAGES.indexOf(earlier) === 3) draft.key = null; // no key at all cannot also be spent or lack a scope
        expect(await answerTo(draft)).toBe(refusal);
      }
    },
  );

  it('covers every neighbouring pair that one request can offend', () => {
    const missing = pairs
      .filter((pair) => pair.isNeighbour && !canBothBe(pair))
      .map(({ earlier, later }) => `${earlier.refusal} / ${later.refusal}`);
    // A request without a key has no wrong key, and one without Idempotency-Key has no malformed one.
    expect(missing).toEqual([
      '401 missing_bearer / 401 invalid_key',
      '400 idempotency_key_required / 422 validation_error',
    ]);
  });
});

function canBothBe({ earlier, later }: { earlier: Stage; later: Stage }): boolean {
  const [a, b] = [STAGES.indexOf(earlier), STAGES.indexOf(later)];
  if (a === 3 && b === 4) return false;
  if (a === 12 && b === 13) return false;
  // A wrong key has neither limit nor scope.
  return !(a === 4 && (b === 6 || b === 7));
}

describe('before all stages', () => {
  it('answers /healthz at the root and under each base, also when the API is off or the request is wrong', async () => {
    const off = gateways.get('false false');
    if (off === undefined) throw new Error('no such gateway');
    for (const path of ['/healthz', '/api/v1/healthz', '/hosting/api/v1/healthz', '/proxy/api/v1/healthz']) {
      const reply = await ask(off, { path, key: 'nobody' });
      expect({ status: reply.status, body: JSON.parse(reply.text) as unknown }).toEqual({
        status: 200,
        body: { status: 'ok', service: 'api' },
      });
      expect(reply.headers['content-type']).toBe('application/json; charset=utf-8');
    }
  });

  it('answers /readyz at the root alone: starting, ready without Redis or keys, and stopping', async () => {
    const off = gateways.get('false false');
    if (off === undefined) throw new Error('no such gateway');
    const { readiness } = off.wiring;
    const readyz = async () => {
      const { status, text } = await ask(off, { path: '/readyz', key: 'nobody' });
      return [status, JSON.parse(text)] as const;
    };
    expect(await readyz()).toEqual([503, { status: 'starting' }]);
    readiness.started();
    expect(await readyz()).toEqual([200, { status: 'ready' }]);
    readiness.stop();
    expect(await readyz()).toEqual([503, { status: 'stopping' }]);
    expect((await ask(off, { path: '/readyz', method: 'POST' })).status).toBe(405);
    expect((await ask(off, { path: '/api/v1/readyz' })).status).toBe(503); // a path like any other: the API is off
  });
});

describe('a request that moves no money', () => {
  it('passes no money stage: a read', async () => {
    const draft = {
      ...good(),
      method: 'GET',
      body: '',
      moneyEnabled: false,
      signed: false,
      headers: {},
      key: keys.noScope,
    };
    expect(await answerTo(draft)).toBe('200');
  });

  it('passes no money stage: a dry run, which still needs the scope', async () => {
    const draft = { ...good(), path: '/api/v1/things?dry_run=true', moneyEnabled: false, signed: false, headers: {} };
    expect(await answerTo(draft)).toBe('200');
    expect(await answerTo({ ...draft, key: keys.noScope })).toBe('403 forbidden_scope');
  });

  it.each([
    'dry_run=false',
    'dry_run=1',
    'dry_run=TRUE',
    'dry_run=true&dry_run=false',
    'dry_run=false&dry_run=true',
    'dry_run=true&dry%5Frun=false',
    'dry_run=true&dry_run[]=false',
    'x=1?dry_run=true',
    'DRY_RUN=true',
  ])('is not made by %s', async (query) => {
    const draft = { ...good(), path: `/api/v1/things?${query}`, moneyEnabled: false };
    expect(await answerTo(draft)).toBe('403 money_disabled');
  });
});
