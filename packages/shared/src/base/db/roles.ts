// The login roles of the processes. Each process may do only what the migrations grant to its role. The owner, who owns
// schemas and functions, never serves a request. Only operators' routes, the check of the books and the `lumi` command
// connect as `lumi_admin`.
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import pg from 'pg';

export const ROLES = ['lumi_gateway', 'lumi_domains', 'lumi_vps', 'lumi_proxy', 'lumi_admin'] as const;
export type Role = (typeof ROLES)[number];

export interface EnsureRolesOptions {
  ownerUrl: string;
  /** One password for each role, printable ASCII. */
  passwords: Record<Role, string>;
}

/** A request never waits longer than this. A longer statement is a fault and releases its locks. */
const SETTINGS = { lock_timeout: '5s', statement_timeout: '15s', idle_in_transaction_session_timeout: '15s' } as const;
const CONNECT_TIMEOUT_MS = 10_000;
const ATTEMPTS_MAX = 20;
const SCRAM_ITERATIONS = 4096;

/**
 * Creates the missing roles, and sets the passwords and time limits of all. It may run again, and in several processes
 * at once. A role that the owner may not change is accepted when it already has the password. Throws an Error with one
 * sentence for the operator when the owner lacks the right.
 */
export async function ensureRoles({ ownerUrl, passwords }: EnsureRolesOptions): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  // A lost connection is also reported to the query in flight. Without this listener it would end the process first.
  client.on('error', () => undefined);
  await client.connect();
  try {
    for (const role of ROLES) {
      try {
        await unlessRaced(() => ensureRole(client, role, passwords[role]));
      } catch (err) {
        if (codeOf(err) !== '42501') throw err;
        if (!(await canLogIn(roleUrl(ownerUrl, role, passwords[role])))) throw mayNotCreateRoles(ownerUrl, role, err);
      }
    }
    await unlessRaced(() => client.query('REVOKE CREATE ON SCHEMA public FROM PUBLIC'));
  } finally {
    await client.end();
  }
}

/** The URL with which a process of this role connects to the owner's database. */
export function roleUrl(ownerUrl: string, role: Role, password: string): string {
  const url = new URL(ownerUrl);
  if (url.hostname === '') {
    // postgresql:///name?host=/run/postgresql, a Unix socket: a URL without host cannot carry a user in front of it.
    url.searchParams.set('user', role);
    url.searchParams.set('password', password);
  } else {
    url.username = role;
    url.password = encodeURIComponent(password);
  }
  return url.toString();
}

async function ensureRole(client: pg.Client, role: Role, password: string): Promise<void> {
  const { rows } = await client.query<{ rolsuper: boolean }>('SELECT rolsuper FROM pg_roles WHERE rolname = $1', [
    role,
  ]);
  const existing = rows[0];
  if (existing?.rolsuper === true)
    throw new Error(
      `The database role ${role} is a superuser: no check of Lumi would hold for it. Drop it or take the right away.`,
    );
  const name = client.escapeIdentifier(role);
  const settings = Object.entries(SETTINGS).map(([key, value]) => `ALTER ROLE ${name} SET ${key} = '${value}'`);
  // Sent together, these are one transaction: no role is visible without its limits.
  await client.query(
    [
      `${existing === undefined ? 'CREATE' : 'ALTER'} ROLE ${name} LOGIN PASSWORD ` +
        `${client.escapeLiteral(scramVerifier(password))}`,
      ...settings,
    ].join('; '),
  );
}

// Roles belong to the whole cluster, advisory locks to one database. Two installations on one server can run this at
// once, and Postgres refuses the second. 23505 and 42710: created meanwhile. XX000: "tuple concurrently updated".
// 40P01: deadlock.
async function unlessRaced(work: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await work();
      return;
    } catch (err) {
      const isRace =
        ['23505', '42710', '40P01'].includes(codeOf(err) ?? '') ||
        (codeOf(err) === 'XX000' && /concurrently/.test(String(err)));
      if (!isRace || attempt === ATTEMPTS_MAX) throw err;
    }
  }
}

async function canLogIn(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  try {
    await client.connect();
    return true;
  } catch {
    // For every cause, the caller's message is better: the owner may not set this role up.
    return false;
  } finally {
    await client.end();
  }
}

// The server gets the verifier and never the password, which its statement log would otherwise contain.
function scramVerifier(password: string): string {
  if (!/^[\x21-\x7e]{8,}$/.test(password))
    throw new Error('A database password must be at least 8 characters of printable ASCII without spaces.');
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, SCRAM_ITERATIONS, 32, 'sha256');
  const storedKey = createHash('sha256')
    .update(createHmac('sha256', salted).update('Client Key').digest())
    .digest('base64');
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64');
  return `SCRAM-SHA-256$${SCRAM_ITERATIONS}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}

function mayNotCreateRoles(ownerUrl: string, role: Role, cause: unknown): Error {
  const owner = new URL(ownerUrl).username || 'of DATABASE_URL';
  return new Error(
    `The database user ${decodeURIComponent(owner)} may not set up the role ${role}. Run: ALTER ROLE ` +
      `${decodeURIComponent(owner)} CREATEROLE — or create the roles ${ROLES.join(', ')} with their passwords ` +
      'beforehand.',
    { cause },
  );
}

function codeOf(err: unknown): string | undefined {
  return err instanceof Error && 'code' in err && typeof err.code === 'string' ? err.code : undefined;
}
