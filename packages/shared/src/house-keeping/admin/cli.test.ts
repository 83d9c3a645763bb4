import { Client, Pool } from 'pg';
import { KeyDigests, findKeyByDigest, findKeyById } from '../../base/keys';
import { testService } from '../../testing';
import { EXIT, runCli } from './cli';
import { seedDemo } from './seed';

const api = testService({ endpoints: () => [] });
const gateway = new Pool({ connectionString: api.database.urlFor('lumi_gateway'), max: 1 });
afterAll(() => gateway.end());
const settings = () => ({
  DATABASE_URL: api.database.urlFor('lumi_admin'),
  KEY_PEPPERS: api.rings.peppers,
  SECRET_RING: api.rings.secrets,
});

async function lumi(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  const [out, err]: [string[], string[]] = [[], []];
  const status = await runCli(args, { out: (line) => out.push(line), err: (line) => err.push(line) }, settings);
  return { status, out: out.join('\n'), err: err.join('\n') };
}

async function lumiJson(...args: string[]) {
  const { status, out, err } = await lumi(...args, '--json');
  expect({ status, err }).toEqual({ status: EXIT.done, err: '' });
  return JSON.parse(out);
}

const unknownUser = 'usr_01k000000000000000000000';

describe('lumi users', () => {
  it('creates, shows, lists and adjusts', async () => {
    const created = await lumi('users', 'create', 'Example Ltd');
    expect(created).toEqual({ status: EXIT.done, out: expect.stringMatching(/^usr_[0-9a-z]{24}$/), err: '' });
    const id = created.out;
    expect(await lumiJson('users', 'adjust', id, '25.5', 'welcome credit')).toMatchObject({
      user_id: id,
      amount_usd: '25.50',
      balance_usd: '25.50',
    });
    expect((await lumi('users', 'adjust', id, '-5', 'a fee')).out).toMatch(
      /^trf_\w+: -5\.00 USD, the balance is now 20\.50 USD$/,
    );
    expect(await lumiJson('users', 'show', id)).toMatchObject({
      id,
      name: 'Example Ltd',
      balance_usd: '20.50',
      available_usd: '20.50',
    });
    expect((await lumiJson('users', 'list')).items).toEqual([expect.objectContaining({ id })]);
    expect((await lumi('users', 'list')).out).toContain(`${id}  20.50`);
    expect(await api.audit()).toEqual([]);
  });

  it('refuses with a reason and exit status 1', async () => {
    const { out: id } = await lumi('users', 'create', 'Poor');
    expect(await lumi('users', 'adjust', id, '-0.01', 'x')).toEqual({
      status: EXIT.refused,
      out: '',
      err: 'lumi: The account has less available than this adjustment takes.',
    });
    expect(await lumi('users', 'adjust', unknownUser, '5', 'x')).toEqual({
      status: EXIT.refused,
      out: '',
      err: 'lumi: Not found.',
    });
    expect((await lumi('users', 'show', 'nonsense')).status).toBe(EXIT.refused);
    expect(await api.audit()).toEqual([]);
  });
});

describe('lumi keys', () => {
  it('issues the first operator key of an empty installation', async () => {
    const issued = await lumi('keys', 'issue', '--product', 'domains', '--type', 'operator');
    expect(issued.status).toBe(EXIT.done);
    const key = /key +(lumi_domains_\w+)/.exec(issued.out)?.[1] ?? '';
    expect(await findKeyByDigest(gateway, new KeyDigests(api.rings.peppers).all(key))).toMatchObject({
      type: 'operator',
      accountId: null,
    });
  });

  it('issues, lists, rolls and revokes keys of an account', async () => {
    const { out: id } = await lumi('users', 'create', 'Keys');
    const issued = await lumiJson(
      'keys',
      'issue',
      '--product',
      'vps',
      '--type',
      'reseller',
      '--user',
      id,
      '--cap',
      '50',
      '--signing',
      'v2',
      '--money',
      '5',
      '--ip',
      '10.0.0.1, 192.168.0.0/16',
      '--expires',
      '2099-01-01T00:00:00Z',
    );
    expect(issued).toMatchObject({
      key: expect.stringMatching(/^lumi_vps_/),
      signing_secret: expect.any(String),
      product: 'vps',
      user_id: id,
      daily_cap_usd: '50.00',
      signing: 'v2',
      scopes: ['vps:read', 'vps:write', 'vps:buy', 'deposits:write'],
      limits: { regular_per_minute: null, money_per_minute: 5 },
      ip_allowlist: ['10.0.0.1/32', '192.168.0.0/16'],
      expires_at: '2099-01-01T00:00:00Z',
    });
    const narrow = await lumiJson(
      'keys',
      'issue',
      '--product',
      'vps',
      '--type',
      'reseller',
      '--user',
      id,
      '--scopes',
      'vps:read',
    );
    expect(narrow).toMatchObject({ scopes: ['vps:read'], signing: 'none' });
    expect(narrow).not.toHaveProperty('signing_secret');
    const rolled = await lumiJson('keys', 'roll', issued.id, '--overlap', '0');
    expect(rolled).toMatchObject({ lineage_id: issued.lineage_id, signing: 'v2' });
    expect((await lumi('keys', 'revoke', rolled.id)).out).toBe(`${rolled.id} (${rolled.prefix}) is revoked.`);
    expect(await findKeyById(api.service.admin.pool, rolled.id)).toMatchObject({ revokedAt: expect.any(Date) });
    const { rows } = await api.service.admin.pool.query<{ action: string }>(
      `SELECT action, actor, key_id FROM platform.audit_log WHERE subject = $1 ORDER BY seq`,
      [rolled.id],
    );
    expect(rows).toEqual([{ action: 'key.revoke', actor: 'cli', key_id: null }]);
    const listed = await lumi('keys', 'list', '--user', id, '--product', 'vps');
    expect(listed.out.split('\n')).toHaveLength(4);
    for (const secret of [issued.key, issued.signing_secret, narrow.key, rolled.key])
      expect(listed.out).not.toContain(secret);
  });

  it.each([
    [['keys', 'issue', '--product', 'domains', '--type', 'reseller', '--user', unknownUser], 'Not found.'],
    [['keys', 'issue', '--product', 'domains', '--type', 'reseller', '--user', 'nobody'], 'user_id'],
    [['keys', 'revoke', 'key_01k000000000000000000000'], 'Not found.'],
    [['keys', 'roll', 'key_01k000000000000000000000'], 'Not found.'],
    [['keys', 'revoke', 'lumi_domains_abc'], 'lumi keys list'],
  ])('refuses %j with status 1', async (args, reason) => {
    const { status, out, err } = await lumi(...args);
    expect({ status, out }).toEqual({ status: EXIT.refused, out: '' });
    expect(err).toContain(reason);
  });
});

describe('lumi', () => {
  it.each([
    [['users']],
    [['users', 'delete', 'x']],
    [['users', 'create']],
    [['users', 'create', 'two', 'names']],
    [['users', 'create', ' ']],
    [['users', 'adjust', unknownUser, '5']],
    [['users', 'adjust', unknownUser, '0', 'x']],
    [['users', 'adjust', unknownUser, '1e3', 'x']],
    [['users', 'list', '--limit', 'many']],
    [['keys', 'issue']],
    [['keys', 'issue', '--product', 'mail', '--type', 'operator']],
    [['keys', 'issue', '--product', 'vps', '--type', 'reseller']],
    [['keys', 'issue', '--product', 'vps', '--type', 'operator', '--user', unknownUser]],
    [['keys', 'issue', '--product', 'vps', '--type', 'operator', '--cap', 'much']],
    [['keys', 'issue', '--product', 'vps', '--type', 'operator', '--color', 'red']],
    [['audit', 'now']],
  ])('refuses %j with exit status 2 and shows the usage', async (args) => {
    const { status, out, err } = await lumi(...args);
    expect({ status, out }).toEqual({ status: EXIT.usage, out: '' });
    expect(err).toMatch(/^lumi: .*\n.*Usage/s);
  });

  it('shows its help', async () => {
    expect((await lumi('--help')).out).toContain('lumi keys issue --product');
    expect(await lumi()).toMatchObject({ status: EXIT.usage, out: '', err: expect.stringContaining('Usage:') });
  });

  it('says in one sentence that the database is not reachable', async () => {
    const err: string[] = [];
    const nowhere = new URL(api.database.ownerUrl);
    nowhere.port = '1';
    const status = await runCli(['users', 'list'], { out: () => undefined, err: (line) => err.push(line) }, () => ({
      ...settings(),
      DATABASE_URL: nowhere.toString(),
    }));
    expect({ status, err }).toEqual({
      status: EXIT.refused,
      err: ['lumi: The database cannot be reached; is Lumi running (npm start), and is DATABASE_URL right?'],
    });
  });

  it('exits with the result of the audit as its status', async () => {
    expect(await lumi('audit')).toEqual({ status: EXIT.done, out: 'The books are right.', err: '' });
    const account = await api.account();
    await withOwner((owner) =>
      owner.query('UPDATE platform.wallet SET posted = posted + 1 WHERE account_id = $1', [account.accountId]),
    );
    expect(await lumi('audit')).toEqual({
      status: EXIT.refused,
      out: expect.stringContaining(account.accountId),
      err: '',
    });
    await withOwner((owner) =>
      owner.query('UPDATE platform.wallet SET posted = posted - 1 WHERE account_id = $1', [account.accountId]),
    );
  });
});

describe('seedDemo', () => {
  it('makes one account with money when it runs again and when several starts run it at once', async () => {
    const runs = await Promise.all([0, 1, 2].map(() => withOwner((owner) => seedDemo(owner, api.rings))));
    const userIds = new Set(
      runs.flatMap((run) => [run.domains.reseller.user_id, run.vps.reseller.user_id, run.proxy.reseller.user_id]),
    );
    expect(userIds.size).toBe(1);
    expect((await api.balance([...userIds][0] ?? '')).posted).toBe(10_000_000n);
    expect(runs[0]?.proxy).toEqual({
      operator: { key: expect.stringMatching(/^lumi_proxy_/) },
      reseller: { user_id: expect.any(String), key: expect.stringMatching(/^lumi_proxy_/) },
    });
    expect(await api.audit()).toEqual([]);
  });
});

async function withOwner<T>(work: (owner: Client) => Promise<T>): Promise<T> {
  const owner = new Client({ connectionString: api.database.ownerUrl });
  await owner.connect();
  try {
    return await work(owner);
  } finally {
    await owner.end();
  }
}
