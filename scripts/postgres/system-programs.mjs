// The programs of a PostgreSQL that the system's packages installed (Debian: postgresql-15), where the package from npm
// does not serve: it has no pg_basebackup.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const HOME = '/usr/lib/postgresql';
const OLDEST = 15;

/**
 * Of the newest version there is.
 *
 * @returns {{ initdb: string; postgres: string; basebackup: string } | null}
 */
export function systemPrograms() {
  const versions = existsSync(HOME) ? readdirSync(HOME).map(Number) : [];
  for (const version of versions.filter((number) => number >= OLDEST).sort((a, b) => b - a)) {
    const bin = join(HOME, String(version), 'bin');
    const found = {
      initdb: join(bin, 'initdb'),
      postgres: join(bin, 'postgres'),
      basebackup: join(bin, 'pg_basebackup'),
    };
    if (Object.values(found).every((file) => existsSync(file))) return found;
  }
  return null;
}
