// `npm run bench [-- --json FILE] [-- --seconds N] [-- --only read|purchases|webhooks|proxy] [-- --megabytes N]`: the
// cost of the gateway, the number of purchases a second through all processes, webhooks of a worker, and the cost of
// the proxy node, compared with reference servers. It runs on loopback, is bounded in time and cleans up.
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { install } from './install.mjs';

/**
 * @typedef {object} Report
 * @property {string} at
 * @property {string} node
 * @property {number} cores
 * @property {number} seconds
 * @property {Awaited<ReturnType<typeof import('./bench/read-path.mjs').benchReadPath>>} [readPath]
 * @property {Awaited<ReturnType<typeof import('./bench/purchases.mjs').benchPurchases>>} [purchases]
 * @property {Awaited<ReturnType<typeof import('./bench/webhooks.mjs').benchWebhooks>>} [webhooks]
 * @property {Awaited<ReturnType<typeof import('./bench/proxies.mjs').benchProxies>>} [proxies]
 */

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    seconds: { type: 'string', default: '8' },
    only: { type: 'string' },
    megabytes: { type: 'string', default: '1024' },
  },
});
const seconds = Math.min(60, Math.max(1, Number(values.seconds)));
const megabytes = Math.min(4096, Math.max(16, Math.floor(Number(values.megabytes)) || 1024));

await install({ quiet: true });
const { bundle } = await import('./bundle.mjs');
if (values.only !== 'proxy') await bundle(); // its section bundles what it measures
const { makeInstallation } = await import('./bench/installation.mjs');
const { stopAll } = await import('./bench/processes.mjs');

const installation = values.only === 'proxy' ? null : await makeInstallation();
try {
  /** @type {Report} */
  const report = { at: new Date().toISOString(), node: process.version, cores: availableParallelism(), seconds };
  if (installation !== null && (values.only === undefined || values.only === 'read')) {
    const { benchReadPath } = await import('./bench/read-path.mjs');
    report.readPath = await benchReadPath({ installation, seconds });
    console.log(
      `\nRead path (${seconds} s each, 32 connections, load and upstream on the same ${report.cores} cores)\n`,
    );
    table(
      ['', 'req/s', 'req/s per core', 'added p50 ms', 'added p99 ms'],
      report.readPath.map((row) => [
        row.name,
        whole(row.perSecond),
        whole(row.perCore),
        ms(row.addedP50Ms),
        ms(row.addedP99Ms),
      ]),
    );
    console.log(
      '\nPer core: by CPU second of the measured process. Added latency: at half of its own top rate, ' +
        'against the upstream alone at that rate.',
    );
  }
  if (installation !== null && (values.only === undefined || values.only === 'purchases')) {
    const { benchPurchases } = await import('./bench/purchases.mjs');
    report.purchases = await benchPurchases({ installation, seconds });
    console.log('\nPurchases (HTTP, gateway, domains service, sandbox registrar, capture; fsync on)\n');
    table(
      ['', 'purchases/s', 'p50 ms', 'p99 ms', 'CPU ms each', 'raw client, hold only /s'],
      report.purchases.map((row) => [
        row.name,
        whole(row.perSecond),
        ms(row.p50Ms),
        ms(row.p99Ms),
        ms(row.cpuMsEach),
        whole(row.rawPerSecond),
      ]),
    );
  }
  if (installation !== null && (values.only === undefined || values.only === 'webhooks')) {
    const { benchWebhooks } = await import('./bench/webhooks.mjs');
    report.webhooks = await benchWebhooks({ installation, seconds });
    const { events, p50Ms, p95Ms, manyPerSecond, onePerSecond, cpuMsEach } = report.webhooks;
    console.log(`\nWebhooks (one worker, receiver on loopback; from the commit to the first byte of ${events})\n`);
    table(
      ['', 'p50 ms', 'p95 ms', 'deliveries/s', 'to one endpoint /s', 'CPU ms each'],
      [['', ms(p50Ms), ms(p95Ms), whole(manyPerSecond), whole(onePerSecond), ms(cpuMsEach)]],
    );
  }
  if (values.only === undefined || values.only === 'proxy') {
    const { benchProxies } = await import('./bench/proxies.mjs');
    report.proxies = await benchProxies({ megabytes });
    const { rows, idle, listening } = report.proxies;
    console.log(`\nProxies (${megabytes} MiB each way of three, best of 3 in turns, CPU of the measured process)\n`);
    table(
      ['', 'CONNECT s/GB', 'SOCKS5 s/GB', 'HTTP s/GB', 's per 1,000 new connections'],
      rows.map(({ name, perGb, per1000 }) => [
        name,
        ...perGb.map((cost) => (cost === null ? 'n/a' : ms(cost))),
        per1000.toFixed(3),
      ]),
    );
    console.log(`\n${whole(idle.tunnels)} idle tunnels: ${whole(idle.mib)} MiB in all`);
    console.log(`${whole(listening.entries)} entries listen after ${ms(listening.seconds)} s, start included`);
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
} finally {
  await stopAll();
  await installation?.stop();
}

/**
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} rows
 */
function table(head, rows) {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of [head, ...rows])
    console.log(
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  '),
    );
}

/** @param {number | null} value */
function whole(value) {
  return value === null ? 'n/a' : Math.round(value).toLocaleString('en-US');
}

/** @param {number} value */
function ms(value) {
  return value.toFixed(2);
}
