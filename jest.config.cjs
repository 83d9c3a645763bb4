// Tests compile by themselves (swc), so one file runs with `npx jest path` and nothing built before. Real PostgreSQL
// for all of them: scripts/jest/global-setup.mjs starts one cluster, each file clones its own database from a template.
const swc = [
  '@swc/jest',
  {
    swcrc: false,
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    module: { type: 'commonjs' },
    sourceMaps: 'inline',
  },
];

module.exports = {
  testEnvironment: '<rootDir>/scripts/jest/environment.cjs',
  globalSetup: '<rootDir>/scripts/jest/global-setup.mjs',
  globalTeardown: '<rootDir>/scripts/jest/global-teardown.mjs',
  roots: ['<rootDir>/gateway', '<rootDir>/services', '<rootDir>/packages', '<rootDir>/scripts/test'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/generated/'],
  // Of what tests choose by chance (the sweep); `npm test` names one, so that a run can be had again.
  showSeed: true,
  modulePathIgnorePatterns: ['<rootDir>/(gateway|services/[^/]+|packages/[^/]+)/dist/'],
  moduleNameMapper: {
    // A room, in any wing.
    '^@lumi/shared/(.*)$': ['ground', 'base', 'work', 'counter', 'house-keeping', '.'].map(
      (wing) => `<rootDir>/packages/shared/src/${wing}/$1`,
    ),
    '^@lumi/docs-site$': '<rootDir>/packages/docs-site/src/index.ts',
    '^@lumi/client$': '<rootDir>/packages/client/src/index.ts',
    '^@lumi/(crypto-pay|upstream-proxy)-double$': '<rootDir>/packages/$1-double/src/index.ts',
  },
  transform: {
    '\\.ts$': swc,
    // Packages that are ES modules only and that our CommonJS loads.
    '/@prisma/schema-engine-wasm/.+\\.js$': swc,
    '/marked/lib/.+\\.js$': swc,
    // It loads Node's http by import(), which Jest refuses to plain code.
    '/@opentelemetry/otlp-exporter-base/.+\\.js$': swc,
  },
  transformIgnorePatterns: [
    '/node_modules/(?!.*(@prisma/schema-engine-wasm|marked|@opentelemetry/otlp-exporter-base)/)',
  ],
  testTimeout: 30_000,
  maxWorkers: 2,
};
