// `npm start`: everything Lumi needs on one machine, in one terminal, from nothing but Node and npm.
//   PORT           the gateway's port (8080; 0 picks a free one)      LUMI_DATA_DIR   where data lives (.lumi)
//   --dev (npm run dev)   a saved source is served by the processes that it is part of
//   DATABASE_URL   an own PostgreSQL instead of the embedded one      REDIS_URL       limits and queue on Redis
// Ctrl-C or SIGTERM stops everything and exits 0. Whatever keeps it from starting is one sentence and exit 1.
import { appendFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { messageOf, stackOf } from '../../../scripts/errors.mjs';
import { tooOld, untested } from '../../../scripts/node-versions.mjs';
import { Interrupted, Refusal, explain } from './refusal.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

async function main() {
  const refusal = tooOld();
  if (refusal !== null) throw new Refusal(refusal);
  const warning = untested();
  if (warning !== null) say(warning);
  const { dev: isDev } = readFlags(process.argv.slice(2));
  const { readOptions } = await import('./options.mjs');
  const { Launcher } = await import('./launcher.mjs');
  const options = readOptions(process.env, root);

  const stopping = new AbortController();
  // npm passes Ctrl-C on although the terminal has already sent it: a second signal is the normal case and changes
  // nothing.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => stopping.abort());
  const stopAsked = new Promise((resolve) => stopping.signal.addEventListener('abort', resolve, { once: true }));
  /** @type {(err: Error) => void} */
  let giveUp = () => {};
  /** @type {Promise<never>} */
  const gaveUp = new Promise((_, reject) => (giveUp = reject));
  gaveUp.catch(() => undefined); // Awaited below.
  for (const name of ['uncaughtException', 'unhandledRejection']) process.on(name, giveUp);

  // While sources are watched, a process that keeps crashing is no reason to stop: the next save may repair it.
  let isWatching = false;
  const launcher = new Launcher({
    options,
    signal: stopping.signal,
    say,
    onGiveUp: (err) => (isWatching ? say(err.message.replace('Lumi stops', 'save a file to try again')) : giveUp(err)),
  });
  try {
    const banner = await Promise.race([launcher.start(), gaveUp]);
    console.log(banner);
    console.log('lumi is ready');
    if (isDev) await watchAfterStart(launcher, options, stopping.signal, () => (isWatching = true));
    await Promise.race([stopAsked, gaveUp]);
  } catch (err) {
    throw tell(err, options.folder);
  } finally {
    if (stopping.signal.aborted) say('stopping …');
    await launcher.stop();
  }
}

/**
 * A flag that is not known may be a wish that would not come true, so it is refused.
 *
 * @param {string[]} given
 */
function readFlags(given) {
  try {
    return parseArgs({ args: given, options: { dev: { type: 'boolean', default: false } } }).values;
  } catch {
    throw new Refusal(
      `npm start does not know “${given.join(' ')}”; settings are given as variables, such as PORT=8081 npm start.`,
    );
  }
}

/**
 * @param {import('./launcher.mjs').Launcher} launcher
 * @param {import('./options.mjs').Options} options
 * @param {AbortSignal} signal
 * @param {() => void} onWatching
 */
async function watchAfterStart(launcher, { root: folder }, signal, onWatching) {
  const { watchSources } = await import('./dev.mjs');
  await watchSources({ root: folder, supervisor: launcher.supervisor, say, signal });
  onWatching();
}

/**
 * Our own faults leave a trace in the logs; the terminal gets a sentence.
 *
 * @param {unknown} err
 * @param {string} folder
 */
function tell(err, folder) {
  const told = explain(err, folder);
  if (told instanceof Refusal || told instanceof Interrupted) return told;
  const file = join(folder, 'logs', 'launcher.log');
  try {
    appendFileSync(file, `${new Date().toISOString()} ${stackOf(told)}\n`, { mode: 0o600 });
  } catch {
    // The sentence below still reports the cause.
  }
  return new Refusal(
    `Lumi stopped because of an unexpected fault: ${messageOf(told).split('\n')[0]} (details: ${file})`,
  );
}

/** @param {string} text */
function say(text) {
  console.log(`  ${text}`);
}

process.stdout.on('error', () => undefined); // The terminal is gone; stopping cleanly matters more than saying so.
process.stderr.on('error', () => undefined);
main().then(
  () => process.exit(0),
  (err) => {
    if (err instanceof Interrupted) process.exit(0);
    console.error(err instanceof Refusal ? err.message : stackOf(err));
    process.exit(1);
  },
);
