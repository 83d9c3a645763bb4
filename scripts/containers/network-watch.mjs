// Runs in a container of its own beside the installation, twice: asks the engine's name server for the other one, and
// opens a connection to it at the address it had at first, ten times a second each. Prints when either did not answer
// at once: then the engine's network was away, whatever Lumi did. Nothing of Lumi is in it.
import { Resolver } from 'node:dns/promises';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const EVERY_MS = 100;
const SLOW_MS = 400;
const LIMIT_MS = 20_000;
const PORT = 7000;
const other = process.env['OTHER'] ?? '';

process.on('SIGTERM', () => process.exit(0));
createServer((socket) => {
  socket.on('error', () => undefined);
  socket.end();
}).listen(PORT);

async function main() {
  const address = await untilGiven(resolveOther);
  await untilGiven(() => reach(address));
  await Promise.all([forever('name server', resolveOther), forever('packets', () => reach(address))]);
}

/**
 * The first answer, however long the other one takes to start.
 *
 * @template T
 * @param {() => Promise<T>} ask
 */
async function untilGiven(ask) {
  for (;;) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined) return answer;
    await sleep(EVERY_MS);
  }
}

async function resolveOther() {
  const [address] = await new Resolver({ timeout: LIMIT_MS, tries: 1 }).resolve4(other);
  return address ?? '';
}

/**
 * @param {string} address
 * @returns {Promise<true>}
 */
function reach(address) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port: PORT, timeout: LIMIT_MS });
    socket.on('timeout', () => socket.destroy(new Error('no answer')));
    socket.on('error', reject);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

/**
 * Asks every EVERY_MS, whether or not the last question was answered.
 *
 * @param {string} what
 * @param {() => Promise<unknown>} ask
 */
async function forever(what, ask) {
  for (;;) {
    const from = Date.now();
    void ask()
      .then(
        () => null,
        (err) => String(err),
      )
      .then((error) => {
        const to = Date.now();
        if (error !== null || to - from > SLOW_MS) console.log(JSON.stringify({ what, from, to, error }));
      });
    await sleep(EVERY_MS);
  }
}

await main();
