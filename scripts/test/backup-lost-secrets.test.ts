// A restore into a data folder whose secrets.json is lost: the money is there again, under new secrets or those of the
// backup. Nothing but a whole restore may leave secrets beside a database that they do not open.
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Installation, type Demo, type Ended } from './installation';

jest.setTimeout(300_000);

const installation = new Installation();
const bare = join(installation.folder, '..', 'without-secrets.backup');
const whole = join(installation.folder, '..', 'with-secrets.backup');
let lost: Installation;
let demo: Demo;

const lumi = (args: readonly string[], on = lost): Promise<Ended> =>
  on.lumi(args, { LUMI_BACKUP_PASSPHRASE: 'correct horse battery staple' });

const domainsOf = async (base: string, key: string): Promise<unknown> =>
  (await fetch(`${base}/domains`, { headers: { authorization: `Bearer ${key}` } })).json();

beforeAll(async () => {
  const launch = await installation.start().ready();
  demo = installation.demo();
  const { base, reseller } = demo.products.domains;
  const bought = await fetch(`${base}/domains`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${reseller.key}`,
      'content-type': 'application/json',
      'idempotency-key': 'backup-lost-secrets',
    },
    body: JSON.stringify({ domain: 'before.test', years: 1 }),
  });
  expect(bought.status).toBe(201);
  expect(await lumi(['backup', bare], installation)).toMatchObject({ code: 0 });
  expect(await lumi(['backup', whole, '--with-secrets'], installation)).toMatchObject({ code: 0 });
  launch.kill('SIGTERM');
  await launch.end();
});
beforeEach(async () => {
  lost = new Installation();
  expect(await lumi(['restore', whole])).toMatchObject({ code: 0 });
  writeFileSync(lost.file('demo.json'), readFileSync(installation.file('demo.json')));
  rmSync(lost.file('secrets.json'));
});
afterEach(() => lost.dispose());
afterAll(() => installation.dispose());

it('is refused unless it is meant, and a damaged file leaves no new secrets', async () => {
  const before = readdirSync(lost.folder).sort();
  for (const [file, instead] of [
    [bare, 'use --other-installation and issue new keys'],
    [whole, 'use --other-installation: the backup with its secrets takes its place'],
  ] as const) {
    const { code, said } = await lumi(['restore', file]);
    expect([code, said]).toEqual([1, expect.stringContaining('has a database and no secrets.json')]);
    expect(said).toContain(instead);
  }
  const bad = `${bare}.bad`;
  writeFileSync(bad, readFileSync(bare).subarray(0, -1));
  expect(await lumi(['restore', bad, '--other-installation'])).toMatchObject({ code: 1 });
  expect(readdirSync(lost.folder).sort()).toEqual(before);
});

it('without secrets in the backup runs with new ones: new keys, and what was bought is there', async () => {
  const { code, said } = await lumi(['restore', bare, '--other-installation']);
  expect(said).toContain('It runs with other secrets than those it was made with: keys of it do not work');
  expect(code).toBe(0);
  await lost.start().ready();
  const { base, reseller } = lost.demo().products.domains;
  expect(reseller.key).not.toBe(demo.products.domains.reseller.key);
  expect(await domainsOf(base, reseller.key)).toMatchObject({ items: [{ domain: 'before.test' }] });
});

it('with secrets in the backup is as it was: its keys work', async () => {
  const { code, said } = await lumi(['restore', whole, '--other-installation']);
  expect(said).not.toContain('other secrets');
  expect(code).toBe(0);
  expect(readFileSync(lost.file('secrets.json'), 'utf8')).toBe(readFileSync(installation.file('secrets.json'), 'utf8'));
  await lost.start().ready();
  const { base } = lost.demo().products.domains;
  const { reseller } = demo.products.domains;
  expect(await domainsOf(base, reseller.key)).toMatchObject({ items: [{ domain: 'before.test' }] });
});
