// The import rules. Every rule here is broken on purpose in scripts/check-fixtures/, so that `npm run check` knows
// they work: this tool reports success when it finds nothing to look at.

// The rooms of packages/shared, each in its wing: a room may import only rooms above it. A new room gets its place here
// first, then in its wing's README, in docs/architecture.md and in the package's exports (scripts/test/rooms.test.ts).
const ROOMS = [
  'ground/contract',
  'ground/events',
  'ground/times',
  'ground/addresses',
  'ground/names',
  'ground/countries',
  'ground/phones',
  'ground/public-keys',
  'ground/money',
  'ground/runtime',
  'base/tracing',
  'base/monitoring',
  'base/limits',
  'base/egress',
  'base/principal',
  'base/http',
  'base/notices',
  'base/platform-schema',
  'base/db',
  'base/keys',
  'base/ledger',
  'base/idempotency',
  'base/audit-log',
  'work/jobs',
  'counter/endpoint',
  'counter/listing',
  'work/purchase',
  'work/operations',
  'work/sync',
  'house-keeping/process',
  'work/lifecycle',
  'counter/forecast',
  'work/batches',
  'counter/quotes',
  'counter/deposits',
  'house-keeping/reconciliation',
  'house-keeping/retention',
  'counter/account',
  'work/webhooks',
  'house-keeping/doctor',
  'house-keeping/admin',
  'house-keeping/service',
  'testing',
];
const GATEWAY_ROOMS = [
  'ground/contract',
  'ground/addresses',
  'ground/money',
  'ground/runtime',
  'base/tracing',
  'base/monitoring',
  'base/limits',
  'base/principal',
  'base/http',
  'base/notices',
  'base/keys',
  'base/platform-schema',
  'base/db',
];
const PRODUCTS = ['domains', 'vps', 'proxy'];
const TEST = '\\.test\\.ts$|/test/|/testing/';
const room = (/** @type {string} */ name) => `^packages/shared/(src|dist)/${name}/`;

const roomOrder = ROOMS.slice(0, -1).map((name, index) => ({
  name: `room-order-${name.split('/').at(-1)}`,
  comment:
    `${name} may import only the rooms above it: ${ROOMS.slice(0, index).join(', ') || 'none'} ` +
    '(.dependency-cruiser.cjs).',
  severity: 'error',
  from: { path: room(name), pathNot: TEST },
  to: { path: ROOMS.slice(index + 1).map(room) },
}));

const strangers = ['base/ledger', 'base/idempotency', 'work/jobs'].map((name, _, all) => ({
  name: `stranger-${name.split('/').at(-1)}`,
  comment: 'ledger, idempotency and jobs do not know each other: the purchase engine joins them in one transaction.',
  severity: 'error',
  from: { path: room(name), pathNot: TEST },
  to: { path: all.filter((other) => other !== name).map(room) },
}));

const products = PRODUCTS.map((name) => ({
  name: `product-alone-${name}`,
  comment: 'A service never imports another service, nor the gateway: move what both need into packages/shared.',
  severity: 'error',
  from: { path: `^services/${name}/` },
  to: { path: ['^gateway/', `^services/(?!${name}/)`] },
}));

module.exports = {
  rooms: ROOMS,
  forbidden: [
    ...roomOrder,
    ...strangers,
    ...products,
    {
      name: 'room-without-place',
      comment: 'A new room of packages/shared needs its place in ROOMS (.dependency-cruiser.cjs).',
      severity: 'error',
      from: { path: '^packages/shared/src/.+/', pathNot: ROOMS.map((name) => `^packages/shared/src/${name}/`) },
      to: {},
    },
    {
      name: 'gateway-knows-no-product',
      comment:
        'The gateway carries no product code: what it needs to know stands in the OpenAPI documents of the services.',
      severity: 'error',
      from: { path: '^gateway/' },
      to: { path: '^services/' },
    },
    {
      name: 'gateway-rooms',
      comment: `The gateway uses these rooms of packages/shared only: ${GATEWAY_ROOMS.join(', ')}.`,
      severity: 'error',
      from: { path: '^gateway/src/', pathNot: TEST },
      to: { path: '^packages/shared/(src|dist)/', pathNot: GATEWAY_ROOMS.map(room) },
    },
    {
      name: 'shared-knows-nobody',
      comment: 'packages/shared is below gateway and services: turn the call around, or move the code.',
      severity: 'error',
      from: { path: '^packages/', pathNot: TEST },
      to: { path: '^(gateway|services)/' },
    },
    {
      name: 'rooms-by-subpath',
      comment: 'Other packages import @lumi/shared/<room>, never a file inside a room.',
      severity: 'error',
      // The one file of the torture set that lists what it replaces inside a process.
      from: { path: '^(gateway|services|packages/torture)/', pathNot: `${TEST}|^packages/torture/src/inside/seams` },
      to: { path: '^packages/shared/src/', pathNot: ROOMS.map((name) => `^packages/shared/src/${name}/index\\.ts$`) },
    },
    {
      name: 'nobody-knows-torture',
      comment: 'The torture set stands outside and breaks things: nothing that is shipped may import it.',
      severity: 'error',
      from: { pathNot: '^packages/torture/' },
      to: { path: '^packages/torture/' },
    },
    {
      name: 'no-testing-in-src',
      comment: 'What runs in production may not import what was made for tests.',
      severity: 'error',
      from: { path: '/src/', pathNot: TEST },
      to: { path: ['^packages/shared/(src|dist)/testing/', '\\.test\\.ts$', '/test/'] },
    },
    {
      name: 'service-direction',
      comment:
        'Inside a service: server, worker → wiring → endpoints, jobs → purchases → store, supplier. Only to the right.',
      severity: 'error',
      from: { path: '^services/[^/]+/src/(endpoints|jobs|purchases|store|supplier)/', pathNot: TEST },
      to: { path: '^services/[^/]+/src/(server|worker|wiring)\\.ts$' },
    },
    {
      name: 'purchases-below-endpoints',
      comment: 'Purchases know nothing of endpoints: move what both need into the store or a room of its own.',
      severity: 'error',
      from: { path: '^services/[^/]+/src/purchases/', pathNot: TEST },
      to: { path: '^services/[^/]+/src/(endpoints|jobs)/' },
    },
    {
      name: 'store-and-supplier-at-the-bottom',
      comment: 'Store and supplier are what the rest is built on: they import neither endpoints, jobs nor purchases.',
      severity: 'error',
      from: { path: '^services/[^/]+/src/(store|supplier)/', pathNot: TEST },
      to: { path: '^services/[^/]+/src/(endpoints|jobs|purchases)/' },
    },
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or hide a third.',
      severity: 'error',
      from: { pathNot: '/generated/' },
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'This import leads nowhere; is the package in the manifest of this member?',
      severity: 'error',
      from: { pathNot: '/generated/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/(dist|generated|node_modules)/|^scripts/check-fixtures/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.check.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'require', 'node', 'default'],
      extensions: ['.ts', '.js', '.cjs', '.mjs', '.json'],
    },
  },
};
