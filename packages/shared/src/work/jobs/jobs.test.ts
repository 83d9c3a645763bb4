import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { z } from 'zod';
import { inTransaction, openDatabase, queueNameOf, sql, type Database } from '../../base/db';
import { silentLog, systemClock } from '../../ground/runtime';
import { testDatabase, testRedis, until } from '@lumi/shared/testing';
import { defineJob, done, stageJob, startJobHost, type JobControl, type JobHost, type JobOutcome } from '.';
import { openProducer } from './queue';

const database = testDatabase();
const redis = testRedis();
let db: Database;
const hosts: JobHost[] = [];
/** The action of the one kind of job, by the id in its payload. */
const behaviour = new Map<string, (control: JobControl, run: number) => Promise<JobOutcome>>();
const runs: string[] = [];

const work = defineJob({
  name: 'work',
  payload: z.object({ id: z.string() }),
  attempts: 3,
  backoffMs: 10,
  timeoutMs: 60_000,
  run: async ({ id }, control) => {
    runs.push(id);
    return (await behaviour.get(id)?.(control, countOf(id))) ?? done;
  },
});

function countOf(id: string): number {
  return runs.filter((one) => one === id).length;
}

function start(databaseUrl = database.urlFor('lumi_vps')): JobHost {
  const host = startJobHost({
    product: 'vps',
    jobs: [work],
    db: db.platform,
    clock: systemClock,
    log: silentLog,
    databaseUrl,
    redisUrl: redis?.url,
    redisPrefix: redis?.prefix ?? 'lumi',
  });
  hosts.push(host);
  return host;
}

function stage(id: string, once?: string): Promise<void> {
  return inTransaction(db, (tx) =>
    stageJob(tx, { product: 'vps', name: 'work', payload: { id }, ...(once === undefined ? {} : { once }) }),
  );
}

async function staged(): Promise<number> {
  const [row] = await db.platform.$queryRaw<{ n: number }[]>(sql`SELECT count(*)::int AS n FROM platform.outbox`);
  return row?.n ?? -1;
}

beforeAll(() => {
  db = openDatabase({ url: database.urlFor('lumi_vps'), connections: 4, log: silentLog, name: 'test' });
});
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.stop()));
});
afterAll(() => db.close());

describe('stageJob', () => {
  it('runs the job of a transaction that committed, and of no other', async () => {
    const host = start();
    await expect(
      inTransaction(db, async (tx) => {
        await stageJob(tx, { product: 'vps', name: 'work', payload: { id: 'rolled back' } });
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    await stage('committed');
    await host.relay();
    await until(() => runs.includes('committed'));
    expect(runs).not.toContain('rolled back');
    expect(await staged()).toBe(0);
  });

  it('lets a service stage its own jobs only', async () => {
    await expect(
      inTransaction(db, (tx) => stageJob(tx, { product: 'proxy', name: 'work', payload: { id: 'foreign' } })),
    ).rejects.toThrow(/may not stage/);
  });

  it('passes every row to the queue once, with any number of relays', async () => {
    const many = [start(), start(), start()];
    for (let i = 0; i < 20; i += 1) await stage(`many-${String(i)}`);
    await Promise.all(many.map((host) => host.relay()));
    await until(async () => (await staged()) === 0 && new Set(runs.filter((id) => id.startsWith('many-'))).size === 20);
    expect(runs.filter((id) => id.startsWith('many-'))).toHaveLength(20);
  });
});

describe('a job', () => {
  it('is tried again after a failure, as often as its definition says', async () => {
    behaviour.set('fails twice', (_control, run) =>
      run < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve(done),
    );
    behaviour.set('fails always', () => Promise.resolve({ kind: 'retry' }));
    const host = start();
    await stage('fails twice');
    await stage('fails always');
    await host.relay();
    await until(() => countOf('fails twice') === 3 && countOf('fails always') === 3);
  });

  it('uses no attempt when it answers `notYet`', async () => {
    behaviour.set('waits', (_control, run) => Promise.resolve(run < 6 ? { kind: 'notYet', afterMs: 5 } : done));
    const host = start();
    await stage('waits');
    await host.relay();
    await until(() => countOf('waits') === 6, { timeoutMs: 20_000 });
  });

  it('is not tried again after `giveUp`', async () => {
    behaviour.set('gives up', () => Promise.resolve({ kind: 'giveUp', reason: 'hopeless' }));
    const host = start();
    await stage('gives up');
    await stage('after it');
    await host.relay();
    await until(() => runs.includes('after it'));
    await host.stop();
    expect(countOf('gives up')).toBe(1);
  });

  it('runs once more, at the end of the queue, when it is staged under its own name while it runs', async () => {
    behaviour.set('lane', async (control, run) => {
      if (run < 3) for (let i = 0; i < 5; i += 1) await control.wake('work', { id: 'lane' }, 'lane-1');
      return done;
    });
    const host = start();
    await stage('lane', 'lane-1');
    await host.relay();
    await until(() => countOf('lane') === 3);
    await stage('lane-end');
    await host.relay();
    await until(() => runs.includes('lane-end'));
    expect(countOf('lane')).toBe(3);
  });
});

describe('a producer', () => {
  const open = (databaseUrl: string) =>
    openProducer({
      name: queueNameOf('vps'),
      databaseUrl,
      redisUrl: redis?.url,
      redisPrefix: redis?.prefix ?? 'lumi',
      log: silentLog,
    });
  const job = { name: 'work', data: { id: 'by hand' }, opts: {} };

  // If it still opened a connection, the test database would find it at the end of the file.
  it('takes no job once it is closed', async () => {
    const producer = open(database.urlFor('lumi_vps'));
    await producer.add([job]);
    await producer.close();
    await expect(producer.add([job])).rejects.toThrow();
  });

  it('stays closed when it was closed before its first connection', async () => {
    const gate = new PortGate(database.urlFor('lumi_vps'));
    const producer = open(await gate.url());
    const [early] = await Promise.allSettled([producer.add([job])]);
    expect(early.status).toBe(redis === null ? 'rejected' : 'fulfilled');
    await producer.close();
    gate.isOpen = true;
    await expect(producer.add([job])).rejects.toThrow();
    await gate.close();
  });
});

describe('a queue that is down when the process starts', () => {
  it('is used as soon as it can be reached', async () => {
    const gate = new PortGate(database.urlFor('lumi_vps'));
    const host = start(await gate.url());
    await stage('after a cold start');
    if (redis === null) await expect(host.relay()).rejects.toThrow();
    await until(() => redis !== null || gate.refused >= 2, { timeoutMs: 20_000 });
    gate.isOpen = true;
    await until(
      async () => {
        await host.relay().catch(() => undefined); // as the loop goes on after a failed round
        return runs.includes('after a cold start');
      },
      { timeoutMs: 20_000 },
    );
    await host.stop();
    await gate.close();
  });
});

/** A port in front of the database. It resets every connection until `isOpen` is set. */
class PortGate {
  isOpen = false;
  refused = 0;
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((client) => {
    if (!this.isOpen) {
      this.refused += 1;
      client.resetAndDestroy();
      return;
    }
    const { hostname, port } = new URL(this.target);
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      this.sockets.add(socket);
      socket.on('error', () => socket.destroy());
    }
    client.pipe(upstream).pipe(client);
  });

  constructor(private readonly target: string) {}

  async url(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const url = new URL(this.target);
    url.hostname = '127.0.0.1';
    url.port = String((this.server.address() as AddressInfo).port);
    return url.toString();
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

describe('stop', () => {
  it('lets a running job end and takes no new one', async () => {
    const ended: boolean[] = [];
    behaviour.set('long', async (control) => {
      await until(() => control.signal.aborted);
      ended.push(true);
      return done;
    });
    const host = start();
    await stage('long');
    await host.relay();
    await until(() => runs.includes('long'));
    await host.stop();
    expect(ended).toEqual([true]);
  });
});
