// What a test file wrote into the feed is as the catalogue of events says. Each type is noted for the run: after a run
// of everything, scripts/jest/global-teardown.mjs wants every type of the catalogue among them.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { faultOf } from '../ground/events';
import { TEST_NOUNS } from './test-event';

interface Written {
  readonly type: string;
  readonly product: string | null;
  readonly data: unknown;
}

/** Of each kind of event so many are read: the newest. */
const EACH_MAX = 50;

/** The faults, without repeats. */
export async function faultsOfEvents(databaseUrl: string): Promise<string[]> {
  const events = (await eventsIn(databaseUrl)).filter(({ type }) => !TEST_NOUNS.includes(type.split('.')[0] ?? ''));
  noteTypes(events);
  return [...new Set(events.map(faultOf).filter((fault) => fault !== null))];
}

async function eventsIn(connectionString: string): Promise<Written[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const { rows } = await client.query<{ is_there: boolean }>(
      `SELECT to_regclass('platform.event') IS NOT NULL AS is_there`,
    );
    if (rows[0]?.is_there !== true) return [];
    return (
      await client.query<Written>(
        `SELECT type, product, data FROM (SELECT *, row_number() OVER (PARTITION BY type ORDER BY seq DESC) AS place
          FROM platform.event) e WHERE place <= ${String(EACH_MAX)}`,
      )
    ).rows;
  } finally {
    await client.end();
  }
}

function noteTypes(events: readonly Written[]): void {
  const folder = process.env['LUMI_TEST_EVENTS'];
  if (folder === undefined) return;
  const types = [...new Set(events.map(({ type }) => type))];
  if (types.length > 0) appendFileSync(join(folder, 'written'), `${types.join('\n')}\n`);
}
