// Each process tells whether it fits the platform's schema that it finds.
import pg from 'pg';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { silentLog } from '../../ground/runtime';
import { testDatabase, until } from '../../testing';
import { ROLES } from '../db';
import { knowsPlatform, PLATFORM_SCHEMA, readPlatformSchema, refusalOfPlatform } from '.';

const database = testDatabase();

async function asOwner<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: database.ownerUrl });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const setVersion = (version: number, serves: number): Promise<unknown> =>
  asOwner((client) =>
    client.query(`CREATE OR REPLACE FUNCTION platform.platform_schema(OUT version integer, OUT serves integer)
      LANGUAGE sql IMMUTABLE AS $$ SELECT ${version}, ${serves} $$`),
  );

const start = async (url: string, onRefusal: (sentence: string) => void = () => undefined): Promise<void> => {
  const pool = new pg.Pool({ connectionString: url, connectionTimeoutMillis: 2_000 });
  pool.on('error', () => undefined);
  try {
    (await knowsPlatform({ db: pool, who: 'the vps service', log: silentLog, onRefusal }))();
  } finally {
    await pool.end();
  }
};

describe("the version of the platform's schema", () => {
  it('is the one that the code of the same commit names, and every role may read it', async () => {
    for (const role of ROLES) {
      const client = new pg.Client({ connectionString: database.urlFor(role) });
      await client.connect();
      try {
        expect(await readPlatformSchema(client)).toEqual({
          version: PLATFORM_SCHEMA.version,
          serves: expect.any(Number) as number,
        });
      } finally {
        await client.end();
      }
    }
    expect(PLATFORM_SCHEMA.needs).toBeLessThanOrEqual(PLATFORM_SCHEMA.version);
  });

  it.each([
    ['the same', { version: 5, serves: 4 }, null],
    ['one older that this code still works on', { version: 4, serves: 3 }, null],
    ['one newer that still serves this code', { version: 6, serves: 5 }, null],
    ['older than this code needs', { version: 3, serves: 3 }, 'version 3, the vps service needs 4 or newer'],
    ['from before there were versions', null, 'version 0, the vps service needs 4 or newer'],
    ['newer and without this code', { version: 7, serves: 6 }, 'version 7 and serves processes of 6 or newer'],
  ])('that is %s: %j', (_, found, sentence) => {
    const refusal = refusalOfPlatform(found, 'the vps service', { version: 5, needs: 4 });
    if (sentence === null) expect(refusal).toBeNull();
    else expect(refusal).toContain(sentence);
  });
});

describe('the start of a process', () => {
  const service = database.urlFor('lumi_vps');

  it('goes on with the schema of its own release, and with a newer one that serves it', async () => {
    await start(service);
    await setVersion(PLATFORM_SCHEMA.version + 3, PLATFORM_SCHEMA.version);
    await start(service);
  });

  it('is refused by a newer schema that does not serve it, naming both versions and what to do', async () => {
    await setVersion(PLATFORM_SCHEMA.version + 3, PLATFORM_SCHEMA.version + 2);
    await expect(start(service)).rejects.toThrow(
      `The platform's schema is too new: it has version ${PLATFORM_SCHEMA.version + 3} and serves processes of ` +
        `${PLATFORM_SCHEMA.version + 2} or newer, the vps service has ${PLATFORM_SCHEMA.version}. Use a newer release`,
    );
  });

  it('is refused by a schema that is too old, naming both versions and what to do', async () => {
    await asOwner((client) => client.query('DROP FUNCTION platform.platform_schema'));
    await expect(start(service)).rejects.toThrow(
      `it has version 0, the vps service needs ${PLATFORM_SCHEMA.needs} or newer. Run \`migrate --product platform\``,
    );
  });

  it('says once that the database does not answer, however often it is asked', async () => {
    const warn = jest.fn();
    const query = jest.fn().mockRejectedValue(new Error('away'));
    jest.useFakeTimers();
    try {
      const log = { ...silentLog, warn };
      const stop = await knowsPlatform({ db: { query }, who: 'the vps worker', log, onRefusal: () => undefined });
      await jest.advanceTimersByTimeAsync(5_000);
      stop();
      await jest.advanceTimersByTimeAsync(5_000);
    } finally {
      jest.useRealTimers();
    }
    expect(query).toHaveBeenCalledTimes(6);
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it('goes on without a database, asks until it answers, and gets the refusal then', async () => {
    const held = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => held.once('listening', resolve));
    const { port } = held.address() as AddressInfo;
    held.close();
    const away = new pg.Pool({ connectionString: `postgresql://lumi_vps:x@127.0.0.1:${port}/lumi` });
    const there = new pg.Pool({ connectionString: service });
    let isThere = false;
    const db = { query: (text: string) => (isThere ? there : away).query<Record<string, unknown>>(text) };
    let refusal: string | null = null;
    const stop = await knowsPlatform({
      db,
      who: 'the vps worker',
      log: silentLog,
      onRefusal: (sentence) => (refusal = sentence),
    });
    try {
      expect(refusal).toBeNull();
      isThere = true;
      expect(await until(() => refusal)).toContain('it has version 0, the vps worker needs');
    } finally {
      stop();
      await Promise.all([away.end(), there.end()]);
    }
  });
});
