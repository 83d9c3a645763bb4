// `npm run scaling`: the plan of docs/scaling.md from the measured points (scripts/scaling/points.json), and by how
// much the model misses the points that it was not made from. `-- --measure [--seconds N]` measures them again, which
// takes a minute and wants a machine with little else to do. `-- --reads N --purchases N` plans for another load.
// `-- --idle PID [--seconds N]` says what a running installation uses, by the process of its launcher.
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { KINDS, demandsOf, errorOf, plan } from './scaling/model.mjs';
import { chanceOf, simulatedWaitMs } from './scaling/queue.mjs';

const file = new URL('./scaling/points.json', import.meta.url);
const { values } = parseArgs({
  options: {
    measure: { type: 'boolean', default: false },
    idle: { type: 'string' },
    seconds: { type: 'string', default: '8' },
    reads: { type: 'string', default: '9000' },
    purchases: { type: 'string', default: '1000' },
    busy: { type: 'string', default: '0.6' },
  },
});
if (values.idle !== undefined) {
  await showIdle(Number(values.idle), Math.min(300, Math.max(2, Number(values.seconds))));
  process.exit();
}
if (values.measure) await measureAgain(Math.min(30, Math.max(2, Number(values.seconds))));

/** @type {{ machine: string; node: string; points: import('./scaling/model.mjs').Point[] }} */
const { machine, node, points } = JSON.parse(readFileSync(file, 'utf8'));
const demands = demandsOf(points);
console.log(`Measured on ${machine}, Node ${node}; CPU milliseconds of each kind.\n`);
console.table({
  'idle, a second': rounded(demands.idle),
  read: rounded(demands.read),
  purchase: rounded(demands.purchase),
});
console.log('\nWhat the model says of the mixtures, against what was measured:');
for (const { name, load, cpu } of points.filter(({ load: of }) => of.reads > 0 && of.purchases > 0))
  console.log(
    `  ${name}: ${Object.entries(errorOf({ demands, load, cpu }))
      .map(([kind, error]) => `${kind} ${error >= 0 ? '+' : ''}${(error * 100).toFixed(0)} %`)
      .join(', ')}`,
  );
const load = { reads: Number(values.reads), purchases: Number(values.purchases) };
const busyMax = Number(values.busy);
const parts = plan({ demands, load, busyMax });
console.log(`\n${load.reads} reads and ${load.purchases} purchases a second, cores at most ${busyMax * 100} % busy:`);
console.table(
  Object.fromEntries(
    KINDS.map((kind) => [
      kind,
      {
        'cores busy': round(parts[kind].cores),
        replicas: parts[kind].replicas,
        'mean wait ms': round(parts[kind].waitMs),
        'in the simulation': round(simulated(parts[kind])),
      },
    ]),
  ),
);

/**
 * @param {number} pid
 * @param {number} seconds
 */
async function showIdle(pid, seconds) {
  const { idleUse } = await import('./scaling/idle.mjs');
  const { processes, endedPercent, cpuPercent, mib } = await idleUse({ pid, seconds });
  console.table(
    processes.map((one) => ({ process: one.name, '% of a core': round(one.cpuPercent), MiB: round(one.mib) })),
  );
  const ended = endedPercent.toFixed(2);
  console.log(`together ${cpuPercent.toFixed(2)} % of a core (${ended} % ended meanwhile), ${Math.round(mib)} MiB`);
}

/** @param {import('./scaling/model.mjs').Part} part */
function simulated({ cores, replicas }) {
  const perSecond = load.reads + load.purchases;
  const serviceMs = (cores * 1_000) / perSecond;
  return simulatedWaitMs({ servers: replicas, perSecond, serviceMs, requests: 1_000_000, chance: chanceOf(1) });
}

/** @param {number} seconds */
async function measureAgain(seconds) {
  const { install } = await import('./install.mjs');
  await install({ quiet: true });
  const { bundle } = await import('./bundle.mjs');
  await bundle();
  const { makeInstallation } = await import('./bench/installation.mjs');
  const { stopAll } = await import('./bench/processes.mjs');
  const { measure } = await import('./scaling/measure.mjs');
  const installation = await makeInstallation();
  try {
    const measured = await measure({ installation, pid: installation.pid, seconds, say: console.log });
    const [cpu] = cpus();
    const told = { machine: `${cpus().length} cores of ${cpu?.model ?? 'an unknown kind'}`, node: process.version };
    writeFileSync(file, `${JSON.stringify({ ...told, points: measured }, null, 2)}\n`);
  } finally {
    await stopAll();
    await installation.stop();
  }
}

/** @param {import('./scaling/model.mjs').Demand} demand */
function rounded(demand) {
  return Object.fromEntries(KINDS.map((kind) => [kind, round(demand[kind])]));
}

/** @param {number} value */
function round(value) {
  return Number(value.toPrecision(3));
}
