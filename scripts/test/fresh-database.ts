// A database without anything, made anew for a test file beside its own one, in the same cluster with the same roles.
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { testDatabase } from '@lumi/shared/testing';

export interface FreshDatabase {
  readonly name: string;
  /** Of the cluster, and of the test file's own database. */
  readonly cluster: ReturnType<typeof testDatabase>;
  readonly ownerUrl: string;
  /** The settings with the passwords of the roles, as the migration of the platform takes them. */
  readonly passwords: Readonly<Record<string, string>>;
  /** By its owner, on a connection of its own. */
  query(text: string, url?: string): Promise<Record<string, unknown>[]>;
}

const ROLES = ['lumi_gateway', 'lumi_domains', 'lumi_vps', 'lumi_proxy', 'lumi_admin'] as const;

/** There from the file's first test to its last. */
export function freshDatabase(): FreshDatabase {
  const cluster = testDatabase();
  const name = `lumi_test_fresh_${randomBytes(6).toString('hex')}`;
  const ownerUrl = Object.assign(new URL(cluster.ownerUrl), { pathname: `/${name}` }).toString();
  const query = async (text: string, url = ownerUrl): Promise<Record<string, unknown>[]> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  };
  beforeAll(() => query(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'`, cluster.ownerUrl));
  afterAll(() => query(`DROP DATABASE ${name} WITH (FORCE)`, cluster.ownerUrl));
  const passwords = ROLES.map((role) => [`${role.toUpperCase()}_PASSWORD`, new URL(cluster.urlFor(role)).password]);
  return { name, cluster, ownerUrl, passwords: Object.fromEntries(passwords) as Record<string, string>, query };
}
