import pg from 'pg';
import { testDatabase } from '@lumi/shared/testing';
import { ensureRoles, roleUrl, ROLES, type Role } from './roles';

const db = testDatabase();

async function ask<T extends pg.QueryResultRow>(url: string, sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

// Roles belong to the whole cluster: the test keeps the passwords that the other files use.
const passwords = Object.fromEntries(
  ROLES.map((role) => [role, decodeURIComponent(new URL(db.urlFor(role)).password)]),
) as Record<Role, string>;

describe('ensureRoles', () => {
  it('may run many times, also at once, and leaves roles that can log in', async () => {
    await Promise.all(Array.from({ length: 6 }, () => ensureRoles({ ownerUrl: db.ownerUrl, passwords })));
    await ensureRoles({ ownerUrl: db.ownerUrl, passwords });
    for (const role of ROLES) {
      expect(await ask(db.urlFor(role), 'SELECT current_user AS name')).toEqual([{ name: role }]);
    }
  });

  it('gives each role time limits and no right beyond logging in', async () => {
    const url = db.urlFor('lumi_gateway');
    expect(
      await ask(
        url,
        `SELECT current_setting('lock_timeout') AS lock, current_setting('statement_timeout') AS statement,
          current_setting('idle_in_transaction_session_timeout') AS idle`,
      ),
    ).toEqual([{ lock: '5s', statement: '15s', idle: '15s' }]);
    expect(
      await ask(
        db.ownerUrl,
        `SELECT rolname FROM pg_roles WHERE rolname LIKE 'lumi\\_%' AND (rolsuper OR rolcreatedb OR rolcreaterole
          OR rolbypassrls OR rolreplication)`,
      ),
    ).toEqual([]);
    await expect(ask(url, 'CREATE TABLE public.mine (id int)')).rejects.toThrow('permission denied for schema public');
  });

  it('says in one sentence what an owner without the right to make roles must do', async () => {
    await ask(db.ownerUrl, `DROP ROLE IF EXISTS poor_owner; CREATE ROLE poor_owner LOGIN PASSWORD 'poor_owner'`);
    const url = new URL(db.ownerUrl);
    url.username = url.password = 'poor_owner';
    try {
      const wrong = { ...passwords, lumi_vps: 'another-password' };
      await expect(ensureRoles({ ownerUrl: url.toString(), passwords: wrong })).rejects.toThrow(
        /^The database user poor_owner may not set up the role lumi_vps\. Run: ALTER ROLE poor_owner CREATEROLE/,
      );
    } finally {
      await ask(db.ownerUrl, 'DROP ROLE poor_owner');
    }
  });

  it('accepts existing roles with the same passwords', async () => {
    await ask(db.ownerUrl, `DROP ROLE IF EXISTS modest_owner; CREATE ROLE modest_owner LOGIN PASSWORD 'modest_owner'`);
    const url = new URL(db.ownerUrl);
    url.username = url.password = 'modest_owner';
    try {
      await ensureRoles({ ownerUrl: url.toString(), passwords });
    } finally {
      await ask(db.ownerUrl, 'DROP ROLE modest_owner');
    }
  });
});

describe('roleUrl', () => {
  it('keeps host, database and parameters, and encodes any password', () => {
    const url = roleUrl('postgresql://owner:x@db.example:6432/lumi?sslmode=require', 'lumi_vps', 'a/b@c:d%');
    expect(url).toBe('postgresql://lumi_vps:a%2Fb%40c%3Ad%25@db.example:6432/lumi?sslmode=require');
    expect(new pg.Client({ connectionString: url.replace('?sslmode=require', '') })).toMatchObject({
      user: 'lumi_vps',
      password: 'a/b@c:d%',
      host: 'db.example',
      database: 'lumi',
    });
  });

  it('names the role in the parameters when the owner connects through a Unix socket', () => {
    const url = roleUrl('postgresql:///lumi?host=/run/postgresql', 'lumi_proxy', 'secret-word');
    expect(new pg.Client({ connectionString: url })).toMatchObject({
      user: 'lumi_proxy',
      password: 'secret-word',
      host: '/run/postgresql',
      database: 'lumi',
    });
  });
});
