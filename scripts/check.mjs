// `npm run check`: checks the sources without running them. Every failed check shows its findings and the command that
// shows or repairs them.
//   npm run check -- imports types   only the checks with one of these words in their name
//   npm run check -- --fresh         forgets what was found good before (see scripts/check/memory.mjs)
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { generate } from './build.mjs';
import { messageOf } from './errors.mjs';
import { install } from './install.mjs';

/** @typedef {import('./check/checks.mjs').Found} Found */
/**
 * @typedef {object} Check
 * @property {string} name
 * @property {string} module in scripts/check
 * @property {string} run the function
 * @property {number} [atLeast] a tool that looks at no file finds no fault, so it must look at so many
 * @property {string} repair
 */
/** @typedef {Found & { readonly ms: number }} Outcome */

/** @type {readonly Check[]} */
const CHECKS = [
  { name: 'types', module: 'checks', run: 'checkTypes', repair: 'npm run check -- types' },
  {
    name: 'format',
    module: 'format',
    run: 'checkFormat',
    atLeast: 700,
    repair: 'npm run format   (lines over 120 columns are wrapped by hand, files over 300 lines are split)',
  },
  {
    name: 'style',
    module: 'checks',
    run: 'checkSourceStyle',
    atLeast: 200,
    repair: 'npx eslint --fix gateway services packages scripts',
  },
  {
    name: 'typed rules',
    module: 'checks',
    run: 'checkSourceTypedRules',
    atLeast: 200,
    repair: 'npm run check -- typed   (the rules: .oxlintrc.json)',
  },
  {
    name: 'wording',
    module: 'wording',
    run: 'checkWording',
    atLeast: 700,
    repair: 'write the sentence in other words   (the list: docs/writing.md)',
  },
  {
    name: 'imports',
    module: 'checks',
    run: 'checkSourceImports',
    atLeast: 200,
    repair: 'npm run check -- imports   (the rules: .dependency-cruiser.cjs)',
  },
  {
    name: 'dead code',
    module: 'checks',
    run: 'checkSourceDeadCode',
    repair: 'npx knip   (delete what it names, or use it)',
  },
  {
    name: 'OpenAPI documents',
    module: 'openapi',
    run: 'checkOpenApi',
    atLeast: 200,
    repair: 'npm run check -- OpenAPI   (the document is made from what endpoints/ declares)',
  },
  {
    name: 'the rules themselves',
    module: 'fixtures',
    run: 'checkFixtures',
    atLeast: 40,
    repair: 'npm run check -- rules   (see scripts/check-fixtures/README.md)',
  },
];
/** The longest checks begin first. */
const LONGEST_FIRST = ['format', 'style', 'OpenAPI documents', 'typed rules', 'types'];
const SHOWN_MAX = 40;

/** @param {readonly string[]} args */
async function main(args) {
  const only = args.filter((arg) => !arg.startsWith('--'));
  const unknown = only.find((word) => !CHECKS.some(({ name }) => name.includes(word)));
  if (unknown !== undefined)
    throw new Error(`No check is called "${unknown}". There are: ${CHECKS.map(({ name }) => name).join(', ')}.`);
  const checks = CHECKS.filter(({ name }) => only.length === 0 || only.some((word) => name.includes(word)));
  if (args.includes('--fresh')) process.env.LUMI_CHECK_FRESH = '1';
  await install();
  await generate();
  // Loaded here: it needs what has just been installed.
  const { generateClient } = await import('./client.mjs');
  await generateClient();
  const outcomes = sideBySide(checks);
  let failed = 0;
  for (const [check, outcome] of outcomes) if (!say(check, await outcome)) failed += 1;
  console.log(failed === 0 ? 'check: all good' : `check: ${failed} of ${checks.length} failed`);
  return failed === 0 ? 0 : 1;
}

/**
 * As many at once as there are processors. One promise for each check, so that they are reported in the order of the
 * list.
 *
 * @param {readonly Check[]} checks
 * @returns {Map<Check, Promise<Outcome>>}
 */
function sideBySide(checks) {
  /** @type {Map<Check, (outcome: Outcome) => void>} */
  const begun = new Map();
  const outcomes = new Map(checks.map((check) => [check, new Promise((resolve) => begun.set(check, resolve))]));
  const waiting = [...checks].sort((a, b) => place(a) - place(b));
  const lane = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const outcome = await runApart(check);
      begun.get(check)?.(outcome);
    }
  };
  for (let lanes = Math.max(2, availableParallelism()); lanes > 0; lanes -= 1) void lane();
  return outcomes;
}

/** @param {Check} check */
function place({ name }) {
  const index = LONGEST_FIRST.indexOf(name);
  return index === -1 ? LONGEST_FIRST.length : index;
}

/**
 * Never rejects: a check that could not run counts as failed.
 *
 * @param {Check} check
 * @returns {Promise<Outcome>}
 */
function runApart({ module, run, atLeast }) {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const child = fork(fileURLToPath(new URL('./check/run-check.mjs', import.meta.url)), [module, run], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    /** @type {Buffer[]} */
    const printed = [];
    /** @type {import('./check/run-check.mjs').Answer} */
    let answer = { failed: 'the check ended before it had said anything' };
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => printed.push(chunk));
    child.on('message', (/** @type {typeof answer} */ message) => (answer = message));
    child.on('error', (err) => (answer = { failed: err.message }));
    child.on('close', () => {
      const ms = performance.now() - startedAt;
      if ('failed' in answer) {
        const text = [Buffer.concat(printed).toString().trim(), answer.failed].filter((one) => one !== '').join('\n  ');
        return resolve({ size: null, problems: [{ text }], ms });
      }
      const { size, problems } = answer.found;
      const sawLittle = atLeast !== undefined && (size ?? 0) < atLeast;
      const little = { text: `looked at ${size} only, expected at least ${atLeast}: is the tool set up right?` };
      resolve({ size, problems: sawLittle ? [...problems, little] : problems, ms });
    });
  });
}

/**
 * True when it passed.
 *
 * @param {Check} check
 * @param {Outcome} outcome
 */
function say({ name, repair }, { size, problems, ms }) {
  const seen = size === null ? '' : `, ${size} looked at`;
  if (problems.length === 0) {
    console.log(`✓ ${name} (${(ms / 1000).toFixed(1)} s${seen})`);
    return true;
  }
  console.log(`✗ ${name}: ${problems.length} found${seen}`);
  for (const { text } of problems.slice(0, SHOWN_MAX)) console.log(`  ${text}`);
  if (problems.length > SHOWN_MAX) console.log(`  … and ${problems.length - SHOWN_MAX} more`);
  console.log(`  to repair: ${repair}\n`);
  return false;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (err) {
  console.error(messageOf(err));
  process.exitCode = 1;
}
