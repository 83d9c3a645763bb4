// Brings a database up to date: roles with only the rights they need, the schemas, the queue's own schema. Loads
// neither Prisma's client nor anything else that only a serving process needs.
import pg from 'pg';
import { readPlatformSchema, refusalOfPlatform } from '../platform-schema/version';
import { checkHistory, migrate, type MigrateOptions } from './migrate';
import { migrateQueue } from './migrate-queue';
import { ensureRoles, type Role } from './roles';
import { CONNECT_TIMEOUT_MS, rejectsQueryInFlight } from './schema-engine';

export const PLATFORM = 'platform';

export type SchemaFiles = Omit<MigrateOptions, 'ownerUrl'>;

export interface Preparation {
  ownerUrl: string;
  /** The schemas to bring up to date: all, or some. */
  schemas: readonly SchemaFiles[];
  /** For the platform's step. */
  passwords?: Record<Role, string>;
}

/**
 * The platform's step makes the roles and the queue's schema too. It comes first: the products' schemas refer to the
 * platform's. A product's step needs no passwords of roles, and refuses a platform that this release does not know. It
 * may run again. A history that `migrate` would refuse is refused before a schema is changed.
 */
export async function prepareDatabase({ ownerUrl, schemas, passwords }: Preparation): Promise<void> {
  const platform = schemas.find(({ schema }) => schema === PLATFORM);
  const products = schemas.filter((one) => one !== platform);
  if (platform !== undefined) {
    if (passwords === undefined) throw new Error('the platform’s step needs the passwords of the roles');
    await ensureRoles({ ownerUrl, passwords });
  }
  await checkHistory(ownerUrl, schemas);
  if (platform !== undefined) await migrate({ ownerUrl, ...platform });
  if (products.length > 0) await mustKnowPlatform(ownerUrl, products);
  // One after the other: at the same time a new database's baselines have deadlocked on what they grant on.
  for (const product of products) await migrate({ ownerUrl, ...product });
  if (platform !== undefined) await migrateQueue(ownerUrl);
}

async function mustKnowPlatform(ownerUrl: string, products: readonly SchemaFiles[]): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on('error', rejectsQueryInFlight);
  await client.connect();
  try {
    const who = `the ${products.map(({ schema }) => schema).join(', ')} of this release`;
    const refusal = refusalOfPlatform(await readPlatformSchema(client), who);
    if (refusal !== null) throw new Error(refusal);
  } finally {
    await client.end();
  }
}
