// `migrate.js` of an image: for the schemas whose files are in the folder `database` beside it. A product's image holds
// its own schema, that of the platform the platform's.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runMigrate } from './migrate';

const folder = join(__dirname, 'database');
const schemas = readdirSync(folder)
  .sort()
  .map((schema) => ({
    schema,
    migrationsDir: join(folder, schema, 'migrations'),
    functionsDir: join(folder, schema, 'functions'),
  }));
void runMigrate(process.argv.slice(2), schemas).then((status) => {
  process.exitCode = status;
});
