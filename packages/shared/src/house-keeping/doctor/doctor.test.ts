// `lumi doctor`: all is well on a fresh installation, and a planted fault is found, named, and told how to repair.
import { randomBytes } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import { EXIT, runCli } from '../admin/cli';
import { doctor } from '../admin/cli-doctor';
import { examine } from '.';
import { lookAtDisk } from './look-at-disk';
import { PLATFORM_SCHEMA } from '../../base/platform-schema';
import { systemClock } from '../../ground/runtime';
import { adminUrl, clockAhead, examined, linesOf, ownerUrl, plant } from './test/examined';

const GIB = 1_024 ** 3;

describe('an installation that is well', () => {
  it('gets a line for everything that was looked at, and none but ok', async () => {
    const { lines, isWell } = await examined({ LUMI_DATA_DIR: __dirname });

    expect(isWell).toBe(true);
    const subjects = new Set(lines.map((line) => line.slice(6).split(':')[0]));
    expect([...subjects]).toEqual([
      ...['settings', 'database', 'clock', 'schema', 'rights', 'queue', 'suppliers', 'books', 'workers', 'redis'],
      'disk',
    ]);
    expect(lines.filter((line) => !line.startsWith('ok') && !line.includes('disk:'))).toEqual([]);
  });
});

describe('settings', () => {
  it('that cannot be used are one line each, without their values', async () => {
    const { lines } = await examined({ REDIS_URL: 'topsecret', CRYPTO_PAY_URL: 'topsecret', KEY_PEPPERS: 'topsecret' });

    expect(lines.map((line) => line.split(':')[1]?.trim())).toEqual(['KEY_PEPPERS', 'REDIS_URL', 'CRYPTO_PAY_URL']);
    expect(lines.join('\n')).not.toContain('topsecret');
  });
});

describe('the database', () => {
  it('that does not answer is a failure, and all else is still looked at', async () => {
    const { lines } = await examined({ DATABASE_URL: 'postgres://lumi_admin:topsecret@127.0.0.1:1/x' });

    expect(lines).toContain(
      'fail  database: cannot be looked at: connect ECONNREFUSED 127.0.0.1:1 — check DATABASE_URL, ' +
        'and that PostgreSQL runs',
    );
    expect(lines.join('\n')).toContain('redis: not used');
    expect(lines.join('\n')).not.toContain('topsecret');
  });

  it('that is used as its superuser is worth a warning', async () => {
    expect(await linesOf('database', { DATABASE_URL: ownerUrl })).toEqual([
      expect.stringMatching(/^warn {2}database: PostgreSQL [\d.]+ as \w+, [\d.]+ MiB, a superuser — give DATABASE_URL/),
    ]);
  });

  it('whose clock is apart is a warning from one second on, and a failure from twenty', async () => {
    expect(await linesOf('clock', {}, clockAhead(5_000))).toEqual([
      expect.stringMatching(/^warn {2}clock: [45]\d{3} ms apart from PostgreSQL — synchronise/),
    ]);
    expect(await linesOf('clock', {}, clockAhead(-60_000))).toEqual([
      expect.stringMatching(/^fail {2}clock: \d+ ms apart from PostgreSQL — synchronise/),
    ]);
  });
});

describe('the schema', () => {
  it('of a platform that this release does not know is a failure with both versions', async () => {
    const set = (version: number, serves: number) =>
      plant(`CREATE OR REPLACE FUNCTION platform.platform_schema(OUT version integer, OUT serves integer)
        LANGUAGE sql IMMUTABLE AS $$ SELECT ${String(version)}, ${String(serves)} $$`);
    await set(99, 98);
    expect(await linesOf('schema')).toContainEqual(
      expect.stringMatching(/^fail {2}schema: the platform and this release do not fit — .*version 99 .*98 or newer/),
    );
    await set(PLATFORM_SCHEMA.version, PLATFORM_SCHEMA.needs);
  });

  it('that lacks a migration, has one that did not end, or one of a newer release, is named', async () => {
    await plant(`UPDATE vps._prisma_migrations SET migration_name = '2' || migration_name;
      UPDATE proxy._prisma_migrations SET finished_at = NULL WHERE migration_name =
        (SELECT max(migration_name) FROM proxy._prisma_migrations);
      INSERT INTO domains._prisma_migrations (id, checksum, migration_name, started_at, finished_at,
        applied_steps_count) VALUES ('x', 'x', '99990101000000_future', now(), now(), 1)`);

    const lines = await linesOf('schema');

    expect(lines).toContainEqual(
      expect.stringMatching(/^fail {2}schema: vps lacks \d{14}_\w+ — run `migrate --product/),
    );
    expect(lines).toContainEqual(
      expect.stringMatching(/^fail {2}schema: proxy has a migration that did not end: \d{14}_\w+ — run `migrate --pro/),
    );
    expect(lines).toContainEqual(
      expect.stringMatching(/^warn {2}schema: domains has migrations of a newer release: 99990101000000_future — /),
    );
    await plant(`UPDATE vps._prisma_migrations SET migration_name = substr(migration_name, 2);
      UPDATE proxy._prisma_migrations SET finished_at = now();
      DELETE FROM domains._prisma_migrations WHERE id = 'x'`);
    expect((await examined()).isWell).toBe(true);
  });
});

describe('rights', () => {
  it.each([
    ['lumi_vps', 'GRANT UPDATE ON platform.wallet TO lumi_vps', 'REVOKE UPDATE ON platform.wallet FROM lumi_vps'],
    [
      'lumi_gateway',
      'GRANT SELECT (balance) ON platform.wallet TO lumi_gateway',
      'REVOKE SELECT (balance) ON platform.wallet FROM lumi_gateway',
    ],
    [
      'lumi_proxy',
      'GRANT USAGE ON SCHEMA domains TO lumi_proxy; GRANT SELECT ON domains.domain TO lumi_proxy',
      'REVOKE USAGE ON SCHEMA domains FROM lumi_proxy; REVOKE SELECT ON domains.domain FROM lumi_proxy',
    ],
    ['lumi_admin', 'GRANT DELETE ON platform.entry TO lumi_admin', 'REVOKE DELETE ON platform.entry FROM lumi_admin'],
    [
      'lumi_domains',
      'GRANT CREATE ON SCHEMA domains TO lumi_domains',
      'REVOKE CREATE ON SCHEMA domains FROM lumi_domains',
    ],
    ['lumi_vps', 'REVOKE USAGE ON SCHEMA vps FROM lumi_vps', 'GRANT USAGE ON SCHEMA vps TO lumi_vps'],
    ['lumi_admin', 'ALTER ROLE lumi_admin CREATEDB', 'ALTER ROLE lumi_admin NOCREATEDB'],
    ['every role may use', 'GRANT SELECT ON platform.event TO PUBLIC', 'REVOKE SELECT ON platform.event FROM PUBLIC'],
  ])('that %s should not have, or lacks, are named: %s', async (who, fault, repair) => {
    const wallet = fault.replace('balance', 'posted');
    await plant(wallet);
    const failed = (await linesOf('rights')).filter((line) => line.startsWith('fail'));
    await plant(repair.replace('balance', 'posted'));

    // What is open to all is open to each role too.
    expect(failed.find((line) => line.startsWith(`fail  rights: ${who}`))).toMatch(/ — (take away|revoke)/);
    if (!fault.includes('PUBLIC')) expect(failed).toHaveLength(1);
    expect((await linesOf('rights')).filter((line) => line.startsWith('fail'))).toEqual([]);
  });
});

describe('the queue', () => {
  let seq = 0;
  const job = (id: string, state: string, ageS: number, lockS = 0): Promise<unknown> =>
    plant(`INSERT INTO queue.job (queue, id, seq, name, data, state, added_at_ms, process_at_ms, locked_until_ms)
      SELECT 'jobs-vps', '${id}', ${String((seq += 1))}, 'x', '{}', '${state}', ms - ${String(ageS * 1_000)},
        ms, ms + ${String(lockS * 1_000)}
      FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS ms) t`);
  const lineOf = async (env: Record<string, string> = {}): Promise<string> =>
    (await linesOf('queue', env)).find((line) => line.includes('vps')) ?? '';
  afterEach(() => plant(`DELETE FROM queue.job; DELETE FROM platform.outbox`));

  it('with old jobs that nobody takes is a warning, then a failure; when Lumi is stopped neither', async () => {
    await job('a', 'waiting', 120);
    expect(await lineOf()).toMatch(
      /^warn {2}queue: vps on PostgreSQL: 1 waiting \(the oldest 2 min\).* — jobs wait long/,
    );
    await job('b', 'waiting', 1_200);
    expect(await lineOf()).toMatch(/^fail {2}queue: vps .*2 waiting \(the oldest 20 min\).* — nobody takes the jobs/);
    expect(await lineOf({ LUMI_STOPPED: 'true' })).toMatch(/^ok {4}queue: vps .*2 waiting.*; Lumi is not running$/);
  });

  it('with a job whose worker died says so', async () => {
    await job('c', 'active', 60, -60);
    await job('d', 'active', 60, 5);
    expect(await lineOf()).toMatch(/^warn {2}queue: vps .*, 2 running, 1 stalled, .* — a vps worker died at its work/);
  });

  it('that does not get what is in the outbox is a failure', async () => {
    await plant(`INSERT INTO platform.outbox (product, name, payload, created_at)
      VALUES ('vps', 'x', '{}', now() - interval '5 minutes')`);
    expect(await lineOf()).toMatch(/^fail {2}queue: vps .*1 in the outbox \(the oldest 5 min\) — jobs do not reach/);
  });
});

describe('work', () => {
  it('that waits for an operator, contradictions in the books, and late rounds are named', async () => {
    await plant(`SET session_replication_role = replica;
      INSERT INTO platform.operation (id, account_id, product, kind, subject, item, state, stuck_since, key_id,
        request_id, attempt, created_at, wake_at)
        VALUES ('op_1', 'usr_1', 'vps', 'x', 's', '{}', 'running', now(), 'k', 'r', 1, now(), now());
      INSERT INTO platform.breach (scope, rule, subject, detail, seen, first_seen_at, last_seen_at)
        VALUES ('books', 'r', 's', 'd', 1, now(), now());
      INSERT INTO platform.reconciliation (scope, next_at) VALUES ('books', now() - interval '1 hour');
      SET session_replication_role = DEFAULT`);

    const { lines } = await examined();

    expect(lines).toContainEqual(
      expect.stringMatching(/^warn {2}suppliers: 0 purchases and 1 operations wait for an operator — see GET /),
    );
    expect(lines).toContainEqual(expect.stringMatching(/^fail {2}books: 1 contradictions stand — see GET /));
    expect(lines).toContainEqual(
      expect.stringMatching(/^fail {2}workers: .*the check of the books 1 h — is a worker of each product running/),
    );
    expect(await linesOf('workers', { LUMI_STOPPED: 'true' })).toEqual(['ok    workers: Lumi is not running']);
  });
});

describe('the disk', () => {
  const of = async (free: number, all: number) =>
    lookAtDisk('/data', (async () =>
      Promise.resolve({ bavail: free, bsize: 1, blocks: all })) as unknown as typeof statfs);

  it('that is nearly full is a failure, a low one a warning', async () => {
    expect(await of(100 * GIB, 500 * GIB)).toEqual({
      level: 'ok',
      what: 'disk: 100.0 GiB of 500.0 GiB free for /data',
    });
    expect(await of(1 * GIB, 500 * GIB)).toMatchObject({ level: 'warn' });
    expect(await of(GIB / 8, 500 * GIB)).toMatchObject({
      level: 'fail',
      todo: expect.stringContaining('now') as string,
    });
    expect(await lookAtDisk('/not/there')).toMatchObject({
      level: 'fail',
      what: expect.stringContaining('ENOENT') as string,
    });
  });
});

describe('lumi doctor', () => {
  const io = { out: () => undefined, err: () => undefined };

  it('ends with 0 when nothing is to be repaired, 1 when something is, 2 when it was not understood', async () => {
    const never = (): never => {
      throw new Error('the settings of other commands are not read');
    };
    expect(await runCli(['doctor', 'please'], io, never)).toBe(EXIT.usage);
    expect(await doctor([], io, {})).toBe(1);
    await plant(`DELETE FROM platform.breach; DELETE FROM platform.operation;
      UPDATE platform.reconciliation SET next_at = now()`);
    expect(await doctor([], io, { DATABASE_URL: adminUrl })).toBe(0);
    const said: string[] = [];
    await runCli(['--help'], { ...io, out: (line) => said.push(line) }, never);
    expect(said.join('\n')).toContain('lumi doctor');
  });

  it('says of a database that was never migrated what to do', async () => {
    const name = `lumi_doctor_${randomBytes(6).toString('hex')}`;
    await plant(`CREATE DATABASE ${name} TEMPLATE template0`);
    const url = Object.assign(new URL(adminUrl), { pathname: `/${name}` }).toString();
    const lines: string[] = [];
    const isWell = await examine({
      env: { DATABASE_URL: url },
      clock: systemClock,
      root: '',
      out: (l) => lines.push(l),
    });
    await plant(`DROP DATABASE ${name} WITH (FORCE)`);

    expect(isWell).toBe(false);
    expect(lines.filter((line) => line.startsWith('fail  schema')).join('\n')).toMatch(/migrate/);
  });
});
