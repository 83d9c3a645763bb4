// Notices of PostgreSQL arrive, and after a lost connection they arrive again.
import pg from 'pg';
import { silentLog } from '../../ground/runtime';
import { testDatabase, until } from '../../testing';
import { Notices } from '.';

const database = testDatabase();

const sender = new pg.Client({ connectionString: database.ownerUrl });
beforeAll(() => sender.connect());
afterAll(() => sender.end());

const noticesBy = (send: (channel: string, payload: string) => Promise<unknown>): Notices =>
  new Notices({
    databaseUrl: database.ownerUrl,
    name: 'listens here',
    log: silentLog,
    send,
    what: 'tests',
    meanwhile: 'nothing happens',
  });

it('tells each channel its notices, and of every gap, as long as it is not stopped', async () => {
  const [first, second]: [string[], string[]] = [[], []];
  const notices = noticesBy((channel, payload) => sender.query('SELECT pg_notify($1, $2)', [channel, payload]));
  notices.on('lumi_first', { notice: (payload) => first.push(payload), gap: () => first.push('gap') });
  notices.on('lumi_second', { notice: (payload) => second.push(payload), gap: () => second.push('gap') });
  try {
    expect(notices.isListening).toBe(false);
    await Promise.all([notices.start(), notices.start()]);
    await until(() => notices.isListening);
    await sender.query(`SELECT pg_notify('lumi_first', 'a'), pg_notify('lumi_second', 'b')`);
    await until(() => first.includes('a') && second.includes('b'));
    const ours = `SELECT count(pg_terminate_backend(pid))::int AS count FROM pg_stat_activity
      WHERE application_name = 'listens here'`;
    expect((await sender.query<{ count: number }>(ours)).rows).toEqual([{ count: 1 }]);
    await until(() => first.length === 3 && second.length === 3 && notices.isListening, { timeoutMs: 15_000 });
    await sender.query(`SELECT pg_notify('lumi_first', 'c')`);
    await until(() => first.length === 4);
    expect([first, second]).toEqual([
      ['gap', 'a', 'gap', 'c'],
      ['gap', 'b', 'gap'],
    ]);
  } finally {
    await notices.stop();
  }
  expect(notices.isListening).toBe(false);
});

it('is not listening where notices do not arrive, as behind a pooler', async () => {
  let gaps = 0;
  const sent: string[] = [];
  const notices = noticesBy((channel) => Promise.resolve(sent.push(channel)));
  notices.on('lumi_third', { notice: () => undefined, gap: () => (gaps += 1) });
  try {
    await notices.start();
    expect([gaps, sent, notices.isListening]).toEqual([1, ['lumi_third'], false]);
  } finally {
    await notices.stop();
  }
});
