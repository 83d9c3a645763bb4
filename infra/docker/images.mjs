// What the images hold, by the names of their targets in the Dockerfile.

const HOUSE_KEEPING = 'packages/shared/dist/house-keeping';
const migrateProgram = `${HOUSE_KEEPING}/process/migrate-image.js`;

/**
 * @typedef {object} Image
 * @property {string} manifest whose version it has
 * @property {Readonly<Record<string, string>>} programs
 * @property {string} [schema]
 * @property {Readonly<Record<string, string>>} [files] from the repository, to their place in the image
 */
/** @type {Readonly<Record<string, Image>>} */
export const images = {
  gateway: {
    manifest: 'package.json',
    programs: { server: 'gateway/dist/server.js' },
    files: {
      'packages/docs-site/public': 'docs-site/public',
      'packages/docs-site/pages': 'docs-site/pages',
      'docs/sandbox.md': 'docs-site/pages/sandbox.md',
      'docs/client.md': 'docs-site/pages/client.md',
      'docs/cli.md': 'docs-site/pages/cli.md',
      'CHANGELOG.md': 'docs-site/pages/changelog.md',
    },
  },
  domains: product('domains'),
  vps: product('vps'),
  proxy: product('proxy', { node: 'services/proxy/dist/node/main.js' }),
  platform: {
    manifest: 'package.json',
    programs: { lumi: `${HOUSE_KEEPING}/admin/lumi.js`, migrate: migrateProgram },
    schema: 'platform',
  },
};

/**
 * @param {string} name
 * @param {Image['programs']} more programs that only this product has
 * @returns {Image}
 */
function product(name, more = {}) {
  return {
    manifest: `services/${name}/package.json`,
    programs: {
      server: `services/${name}/dist/server.js`,
      worker: `services/${name}/dist/worker.js`,
      migrate: migrateProgram,
      ...more,
    },
    schema: name,
  };
}
