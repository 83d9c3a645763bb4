// The migrations and roles code of @lumi/shared, compiled on the way in: tests must run before (and without) a build.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { transformSync } from '@swc/core';
import { root } from '../build.mjs';

/** @typedef {typeof import('@lumi/shared/db')} Db */
/** @typedef {Pick<Db, 'migrate' | 'diffMigration' | 'checkHistory' | 'migrateQueue'>} Migrating */
/** @typedef {Migrating & Pick<Db, 'ensureRoles' | 'roleUrl' | 'ROLES'>} Parts */
/** @typedef {NodeJS.Module & { _compile(code: string, file: string): void }} Compiling what extensions get */

/** @returns {Parts & { pg: typeof import('pg') }} */
export function loadDb() {
  const require = createRequire(join(root, 'packages/shared/package.json'));
  const before = require.extensions['.ts'];
  require.extensions['.ts'] = (module, file) => /** @type {Compiling} */ (module)._compile(compile(file), file);
  try {
    return {
      ...require(join(root, 'packages/shared/src/base/db/migrate.ts')),
      ...require(join(root, 'packages/shared/src/base/db/roles.ts')),
      ...require(join(root, 'packages/shared/src/base/db/migrate-queue.ts')),
      pg: require('pg'),
    };
  } finally {
    if (before) require.extensions['.ts'] = before;
    else delete require.extensions['.ts'];
  }
}

/** @param {string} filename */
function compile(filename) {
  return transformSync(readFileSync(filename, 'utf8'), {
    filename,
    swcrc: false,
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    // import() is kept, because the schema engine is an ES module.
    module: { type: 'commonjs', ignoreDynamic: true },
    sourceMaps: 'inline',
  }).code;
}
