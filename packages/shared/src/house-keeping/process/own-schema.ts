// Whether the schema of a product has the migrations that its image brings, so that a process does not serve on tables
// that its code does not find. Migrations of a newer release are no fault: they suit the processes that still run.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Product } from '../../ground/contract';
import { migrationNames } from '../../base/db';
import type { Queryable } from '../../base/platform-schema';

/** Beside the program in an image. Elsewhere the launcher migrates before it starts a process. */
const folderOf = (product: Product): string => join(__dirname, 'database', product, 'migrations');

/**
 * The sentence for a schema that lacks some of them; null when it has all.
 *
 * @param admin the database as lumi_admin: the services' roles do not read the histories
 */
export async function refusalOfOwnSchema(
  product: Product,
  admin: Queryable,
  folder = folderOf(product),
): Promise<string | null> {
  if (!existsSync(folder)) return null;
  const { rows } = await admin.query('SELECT schema, migrations FROM platform.schema_history()');
  const applied = (rows as readonly { schema: string; migrations: readonly string[] }[]) // the function's results
    .find(({ schema }) => schema === product)?.migrations;
  const missing = (await migrationNames(folder)).filter((name) => applied?.includes(name) !== true);
  return missing.length === 0
    ? null
    : `The schema ${product} is too old: it lacks ${missing.join(', ')}. Run \`migrate --product ${product}\` of ` +
        'this release first.';
}
