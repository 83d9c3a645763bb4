// The client against the real gateway and service, with a server between that drops, resets, delays and refuses.
import { inspect } from 'node:util';
import { LumiConnectionError, LumiDomains, LumiError, LumiTimeoutError, type LumiOptions } from '@lumi/client';
import { wholeWay, type Buyer } from '../whole-way';
import { Relay, type Fault } from './relay';

jest.setTimeout(60_000);
const lumi = wholeWay({ products: ['domains'] });
const relay = new Relay(() => lumi.address());
let baseUrl = '';
let who: Buyer;
/** Where nothing listens. */
let nobody = '';

beforeAll(async () => {
  baseUrl = await relay.listen();
  const gone = new Relay(() => '');
  nobody = await gone.listen();
  await gone.close();
  who = await lumi.buyer({ balance: '100.00' });
});
beforeEach(() => {
  relay.seen.length = 0;
  relay.faults = [];
  // The shortest delay before each repeat.
  jest.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(async () => {
  jest.restoreAllMocks();
  expect(await lumi.breaches()).toEqual([]);
});
afterAll(() => relay.close());

const client = (more: Partial<LumiOptions> = {}): LumiDomains => new LumiDomains({ apiKey: who.key, baseUrl, ...more });
const caught = async (work: PromiseLike<unknown>): Promise<LumiError> => {
  const err = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(err instanceof LumiError)) throw new Error(`no LumiError: ${inspect(err)}`);
  return err;
};
const ordersOf = async (subject: string): Promise<number> => {
  let count = 0;
  for await (const order of client().paginate('list-orders')) if (order.subject === subject) count += 1;
  return count;
};

describe('a purchase through a server that fails', () => {
  const every: Fault[] = ['reset', 'lose', 'cut', 'hold', 429, 503, 409];

  it('is made once, with one key, after every fault', async () => {
    relay.faults = [...every];
    const call = client({ maxRetries: 10, timeoutMs: 1_500 }).domains.buy({ domain: 'faults.test' });
    const { data, status, replayed, requestId, rateLimit } = await call.withResponse();
    expect([status, replayed]).toEqual([201, true]);
    expect(data).toMatchObject({ domain: { domain: 'faults.test', state: 'active' } });
    expect(requestId).toMatch(/^req_/);
    expect(rateLimit).toMatchObject({ policy: 'regular' });
    expect(relay.seen).toHaveLength(every.length + 1);
    expect(new Set(relay.seen.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
    expect(new Set(relay.seen.map(({ body }) => body)).size).toBe(1);
    expect(await ordersOf('faults.test')).toBe(1);
    expect(await lumi.money(who.accountId)).toEqual({ balance: '99.00', held: '0.00' });
  });

  it.each<[string, Fault, typeof LumiConnectionError]>([
    ['lost', 'lose', LumiConnectionError],
    ['too slow', 'hold', LumiTimeoutError],
  ])('says what is known when every answer is %s, and its key finds the purchase', async (name, fault, kind) => {
    const before = await lumi.money(who.accountId);
    relay.faults = [fault, fault];
    const domain = `${name.replace(' ', '-')}.test`;
    const err = await caught(client({ maxRetries: 1, timeoutMs: 1_500 }).domains.buy({ domain }));
    expect(err).toBeInstanceOf(kind);
    expect(err).toMatchObject({ status: 0, isRetrySafe: true, mayHaveBeenExecuted: true });
    expect(err.idempotencyKey).toBe(relay.seen[0]?.idempotencyKey);

    const again = await client()
      .domains.buy({ domain }, { idempotencyKey: err.idempotencyKey ?? '' })
      .withResponse();
    expect(again).toMatchObject({ status: 201, replayed: true });
    expect(await ordersOf(domain)).toBe(1);
    const after = await lumi.money(who.accountId);
    expect(Number(before.balance) - Number(after.balance)).toBe(1);
  });

  it('is repeated when nothing listens, and says that nothing was carried out', async () => {
    const dead = new LumiDomains({ apiKey: who.key, baseUrl: nobody });
    const err = await caught(dead.domains.buy({ domain: 'nobody.test' }));
    expect(err).toBeInstanceOf(LumiConnectionError);
    expect(err).toMatchObject({ code: 'connection_error', mayHaveBeenExecuted: false, isRetrySafe: true });
  });

  it('is not repeated after a refusal, whose facts the error has', async () => {
    const err = await caught(client().domains.buy({ domain: 'faults.test' }));
    expect(err).toMatchObject({ status: 409, code: 'already_owned', isRetrySafe: true });
    expect(err.requestId).toMatch(/^req_/);
    expect(relay.seen).toHaveLength(1);
    const invalid = await caught(client().domains.buy({ domain: 'x.test', years: 99 }));
    expect(invalid).toMatchObject({ status: 422, code: 'validation_error', details: [{ path: 'years' }] });
  });

  it('is rehearsed without a key: a dry run buys nothing', async () => {
    const dry = await client().domains.buy({ domain: 'dry.test' }, { dryRun: true });
    expect([dry.dry_run, dry.price_usd]).toEqual([true, '1.00']);
    expect(relay.seen[0]).toMatchObject({ url: '/api/v1/domains?dry_run=true', idempotencyKey: undefined });
    expect(await ordersOf('dry.test')).toBe(0);
  });

  it('ends with the reason of the signal when it is aborted', async () => {
    relay.faults = ['hold'];
    const ending = new AbortController();
    const call = client().me.get({ signal: ending.signal });
    ending.abort(new Error('changed my mind'));
    await expect(call).rejects.toThrow('changed my mind');
  });
});

describe('a POST without a key', () => {
  const contact = {
    first_name: 'Ada',
    last_name: 'Lovelace',
    email: 'ada@example.com',
    phone: '+44.2071234567',
    address: { street: 'St James Square 12', city: 'London', postal_code: 'SW1Y 4JH', country: 'GB' },
  };
  const create = () => client({ maxRetries: 3 }).call('create-contact', { body: contact as never });

  it('is not repeated when it may have been carried out', async () => {
    relay.faults = ['lose'];
    const err = await caught(create());
    expect(err).toMatchObject({ code: 'connection_error', mayHaveBeenExecuted: true, isRetrySafe: false });
    expect([relay.seen.length, err.idempotencyKey]).toEqual([1, null]);
  });

  it('is repeated when it certainly was not', async () => {
    relay.faults = [429, 503];
    await create().catch(() => undefined);
    expect(relay.seen).toHaveLength(3);
  });

  it('a GET is repeated after all of them', async () => {
    relay.faults = ['reset', 'cut', 503];
    expect(await client({ maxRetries: 3 }).me.get()).toMatchObject({ user: { id: who.accountId } });
    expect(relay.seen).toHaveLength(4);
  });
});

describe('a key that signs', () => {
  it.each(['v1', 'v2'] as const)('buys with signature %s, and is refused with another secret', async (signing) => {
    const signer = await lumi.buyer({ balance: '10.00', signing });
    const options = { apiKey: signer.key, baseUrl, signing, signingSecret: signer.signingSecret ?? '' };
    relay.faults = ['lose'];
    const bought = await new LumiDomains(options).domains.buy({ domain: `signed-${signing}.test`, tags: ['ünï'] });
    expect(bought).toMatchObject({ domain: { tags: ['ünï'] } });
    await new LumiDomains(options).autoRenewSettings.update({ enabled: false } as never).catch((err: unknown) => {
      expect(err).toMatchObject({ code: 'validation_error' });
    });
    const wrong = new LumiDomains({ ...options, signingSecret: 'another' });
    expect(await caught(wrong.domains.buy({ domain: 'unsigned.test' }))).toMatchObject({ code: 'invalid_signature' });
  });
});

it('no error and no client shows the key or the secret', async () => {
  const signingSecret = 'sig-canary-0123456789';
  const options = { apiKey: who.key, baseUrl, signingSecret };
  const made = new LumiDomains(options);
  relay.faults = ['lose', 'lose', 'lose'];
  const things = [
    made,
    made.domains,
    made.domains.buy({ domain: 'canary.test' }).catch((err: unknown) => err),
    await made.me.get().withResponse(),
    await caught(made.domains.buy({ domain: 'x.test', years: 99 })),
    await caught(made.call('get-domain', { path: { domain: who.key } })),
    await caught(new LumiDomains({ ...options, baseUrl: nobody }).me.get()),
    await caught(new LumiDomains({ ...options, fetch: leaking }).me.get()),
  ];
  for (const thing of things) {
    const text = [inspect(thing, { depth: 9, showHidden: true }), String(thing), JSON.stringify(thing)].join('\n');
    expect(text).not.toContain(who.key);
    expect(text).not.toContain(signingSecret);
  }
  await things[2];
});

/** A server that repeats what it was sent. */
const leaking: typeof fetch = async (_url, init) =>
  Response.json(
    {
      error: {
        code: 'bad_request',
        message: JSON.stringify(init?.headers),
        details: [{ path: 'x', message: who.key }],
      },
    },
    { status: 400 },
  );
