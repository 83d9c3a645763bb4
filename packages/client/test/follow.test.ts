// The feed without a network: servers that hold requests and servers that do not, acknowledgements, failures.
import { LumiDomains } from '../src';
import { followEvents } from '../src/follow';
import { fakeServer, json, refusal, type Answering } from './fake-server';

const event = (n: number): { id: string } => ({ id: `evt_${String(n)}` });
const page = (from: number, to: number, more = false) =>
  json(200, {
    items: Array.from({ length: to - from }, (_, i) => event(from + i)),
    has_more: more,
    next_cursor: more ? `c${String(to)}` : null,
    resume_cursor: `c${String(to)}`,
  });
const take = async (events: AsyncIterable<{ id: string }>, count: number): Promise<string[]> => {
  const found: string[] = [];
  for await (const { id } of events) if (found.push(id) === count) break;
  return found;
};
const open = (answer: Answering) => {
  const server = fakeServer(answer);
  const lumi = new LumiDomains({ apiKey: 'lumi_test', baseUrl: 'https://api.example.com', fetch: server.fetch });
  const call = lumi.call.bind(lumi) as Parameters<typeof followEvents>[0];
  return { ...server, lumi, call };
};
const queries = (asked: readonly { url: URL }[]) => asked.map(({ url }) => Object.fromEntries(url.searchParams));

beforeEach(() => void jest.spyOn(Math, 'random').mockReturnValue(0));
afterEach(() => jest.restoreAllMocks());

it('asks for events to be held back, and goes on behind each page', async () => {
  const { lumi, asked } = open((_, index) => page(index * 2, index * 2 + 2, index === 0));
  expect(await take(lumi.events.follow({ types: ['domain.*', 'deposit.credited'] }), 4)).toEqual([
    'evt_0',
    'evt_1',
    'evt_2',
    'evt_3',
  ]);
  const types = 'domain.*,deposit.credited';
  expect(queries(asked)).toEqual([
    { limit: '200', types, wait: '30' },
    { limit: '200', types, wait: '30', cursor: 'c2' },
  ]);
});

it('sends the time with each cursor, because a cursor belongs to its filters', async () => {
  const { lumi, asked } = open((_, index) => page(index, index + 1));
  const since = '2026-11-28T00:00:00Z';
  await take(lumi.events.follow({ since, consumer: 'erp', waitS: 0, pollMs: 1 }), 2);
  expect(queries(asked).filter(({ limit }) => limit !== undefined)).toEqual([
    { limit: '200', since, consumer: 'erp' },
    { limit: '200', since, cursor: 'c1' },
  ]);
});

it('polls a server that does not know `wait`', async () => {
  const { lumi, asked } = open(({ url }, index) =>
    url.searchParams.has('wait') ? refusal(422, 'validation_error') : page(index, index + 1),
  );
  expect(await take(lumi.events.follow({ pollMs: 1 }), 3)).toEqual(['evt_1', 'evt_2', 'evt_3']);
  expect(queries(asked).map(({ wait }) => wait)).toEqual(['30', undefined, undefined, undefined]);
});

it('asks again after what passes, from the same position', async () => {
  const { lumi, asked } = open((_, index) => {
    if (index === 1) throw Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } });
    return index === 2 ? refusal(503, 'service_unavailable') : page(Math.max(0, index - 2), Math.max(1, index - 1));
  });
  expect(await take(lumi.events.follow(), 2)).toEqual(['evt_0', 'evt_1']);
  expect(queries(asked).map(({ cursor }) => cursor)).toEqual([undefined, 'c1', 'c1', 'c1']);
});

it.each([401, 403, 404])('ends with the error of a %i', async (status) => {
  const { lumi } = open(() => refusal(status, 'x'));
  await expect(take(lumi.events.follow(), 1)).rejects.toMatchObject({ status });
});

it('ends with the last error when there was no answer for too long', async () => {
  const { lumi } = open(() => refusal(503, 'service_unavailable'));
  await expect(take(lumi.events.follow({ giveUpMs: -1 }), 1)).rejects.toMatchObject({ status: 503 });
});

it('acknowledges what was worked on, and not the event at which the loop was left', async () => {
  const acknowledged: unknown[] = [];
  const { call, asked } = open(() => page(0, 3));
  const acting: typeof call = (id, input, options) => {
    if (id !== 'ack') return call(id, input, options);
    acknowledged.push(input.body);
    return call('get-me', {}, options);
  };
  const follow = followEvents(acting, 'ack', { consumer: 'erp' }) as AsyncIterable<{ id: string }>;
  expect(await take(follow, 3)).toEqual(['evt_0', 'evt_1', 'evt_2']);
  expect(acknowledged).toEqual([{ consumer: 'erp', event_id: 'evt_1' }]);
  expect(queries(asked)[0]).toMatchObject({ consumer: 'erp' });
});

it('says that events are gone when the position was too old', async () => {
  const { lumi } = open(() => json(200, { items: [event(1)], has_more: false, resume_cursor: 'c1', gap: true }));
  let gaps = 0;
  await take(lumi.events.follow({ cursor: 'old', onGap: () => (gaps += 1) }), 1);
  expect(gaps).toBe(1);
});

it('ends quietly when its signal is aborted while it waits', async () => {
  const ending = new AbortController();
  const { lumi } = open(
    ({ init }) =>
      new Promise((_, reject) => {
        init.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
        ending.abort();
      }),
  );
  expect(await take(lumi.events.follow({ signal: ending.signal }), 1)).toEqual([]);
});
