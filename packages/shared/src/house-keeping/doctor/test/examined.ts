// An installation for the doctor's tests: a database of its own, into which faults are planted.
import pg from 'pg';
import { systemClock, type Clock } from '../../../ground/runtime';
import { testDatabase } from '../../../testing';
import { examine } from '..';

const database = testDatabase();
const root = `${__dirname}/../../../../../..`;
export const adminUrl = database.urlFor('lumi_admin');
let owner: pg.Client;

beforeAll(async () => {
  owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
});
afterAll(() => owner.end());

export const ownerUrl = database.ownerUrl;

/** As the owner; statements with a semicolon between them are one transaction. */
export const plant = (text: string): Promise<unknown> => owner.query(text);

/** What the doctor says, without the line of numbers at the end. */
export async function examined(
  env: Readonly<Record<string, string>> = {},
  clock: Clock = systemClock,
): Promise<{ lines: string[]; isWell: boolean }> {
  const lines: string[] = [];
  const isWell = await examine({
    env: { DATABASE_URL: adminUrl, ...env },
    clock,
    root,
    out: (line) => lines.push(line),
  });
  expect(lines.pop()).toMatch(/^\d+ ok, \d+ to look at, \d+ to repair$/);
  for (const line of lines) expect(line).toMatch(/^(ok    \S|(warn|fail)  \S.* — \S)/);
  expect(lines.some((line) => line.startsWith('fail'))).toBe(!isWell);
  return { lines, isWell };
}

/** The lines about one thing. */
export async function linesOf(subject: string, ...asked: Parameters<typeof examined>): Promise<string[]> {
  return (await examined(...asked)).lines.filter((line) => line.slice(6).startsWith(`${subject}:`));
}

/** A machine whose clock is wrong. */
export const clockAhead = (ms: number): Clock => ({ ...systemClock, nowMs: () => systemClock.nowMs() + ms });
