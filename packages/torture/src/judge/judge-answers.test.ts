// A money request is asked again after healing: a refusal that says "later" is waited out, and is no wrong answer.
import type { Answer } from '../customers/answer';
import type { BuyerRequest, GatewayClient, Send } from '../customers/client';
import { History } from '../customers/client';
import { Random } from '../random';
import type { System } from '../system/system';
import { judgeAnswers } from './judge-answers';

const BODY = Buffer.from('{"domain":"example.test"}');
const ANSWER: Send = { gateway: 0, kind: 'ok', status: 201, bytes: BODY, json: {}, isReplay: true };
const LATER: Send = {
  gateway: 0,
  kind: 'fail',
  status: 429,
  bytes: Buffer.from('{}'),
  json: { error: { code: 'rate_limited' } } as unknown as Answer,
  retryAfterS: 7,
};
const CLAIM = { product: 'domains', scope: 'usr_1', key: 'k-1', state: 'done', status: 201, body: BODY };

/** One money request whose answer is remembered; `answer` gives what its repeats get, `sentAt` when they are sent. */
function oneRequest(answer: (count: number) => Send) {
  const history = new History();
  const buyer = { name: 'rich', product: 'domains', key: 'secret', accountId: 'usr_1' } as const;
  history.request({ buyer, path: '/domains', key: 'k-1', about: { what: 'buy' } });
  const sentAt: number[] = [];
  const begin = performance.now();
  const gateways = {
    send: (_request: BuyerRequest): Promise<Send> => {
      sentAt.push(Math.round((performance.now() - begin) / 1_000));
      return Promise.resolve(answer(sentAt.length));
    },
  } as unknown as GatewayClient;
  const system = { query: () => Promise.resolve({ rows: [CLAIM] }) } as unknown as System;
  return { sentAt, judged: judgeAnswers({ system, history, gateways, random: new Random(1) }) };
}

describe('judgeAnswers', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('asks again as late as Retry-After says, more often than six times, until the remembered answer comes', async () => {
    const { sentAt, judged } = oneRequest((count) => (count <= 9 ? LATER : ANSWER));
    await jest.advanceTimersByTimeAsync(9 * 7_000);
    expect(await judged).toEqual([]);
    expect(sentAt).toEqual([0, 7, 14, 21, 28, 35, 42, 49, 56, 63]);
  });

  it('says that no answer came, not that a wrong one came, when it is refused for minutes', async () => {
    const { sentAt, judged } = oneRequest(() => LATER);
    await jest.advanceTimersByTimeAsync(10 * 60_000);
    expect(await judged).toEqual([
      {
        rule: 'every money request is answered again after healing',
        subject: 'k-1 /domains',
        detail: 'the last answer was 429 rate_limited',
      },
    ]);
    expect(sentAt.length).toBeLessThan(60);
  });

  it('finds an answer that differs from the remembered one', async () => {
    const { judged } = oneRequest(() => ({ ...ANSWER, bytes: Buffer.from('{"domain":"another.test"}') }));
    expect(await judged).toEqual([
      expect.objectContaining({
        rule: 'every answer a customer saw is still true',
        detail: expect.stringContaining('repeated after healing: 201 {"domain":"another.test"}') as string,
      }),
    ]);
  });
});
