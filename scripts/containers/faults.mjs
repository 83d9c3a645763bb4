// What the customers of the trial saw that they should not have seen: faults of Lumi, or of the engine's network?
import { must } from './built-images.mjs';

/** So long a circuit may stay open after an outage, and a pool wait for its next try. */
const AFTER_OUTAGE_MS = 3_000;
const OF_ENGINE_MAX = 10;

/** @typedef {import('./compose.mjs').Compose} Compose */
/** @typedef {import('./customers.mjs').Fault} Fault */

/**
 * No customer may have got 503 of a product that was not restarting. The one exception is an engine whose network was
 * away just then, as two containers saw that have nothing of Lumi: podman's name server denies names that exist, or
 * answers after five to ten seconds, now and then while a container starts.
 *
 * @param {Compose} compose
 * @param {readonly Fault[]} faults
 * @param {(text: string) => void} say
 */
export async function judgeFaults(compose, faults, say) {
  if (faults.length === 0) return;
  const outages = await compose.outages();
  const ofEngine = faults.filter(
    ({ from, to, isComeAgain }) =>
      isComeAgain && outages.some((outage) => outage.from <= to && from <= outage.to + AFTER_OUTAGE_MS),
  );
  const lines = await compose.logged(faults.flatMap(({ text }) => text.match(/req_[a-z0-9]+/g) ?? []));
  const all = [
    ...faults.map(
      (one) => `${new Date(one.from).toISOString()} ${ofEngine.includes(one) ? 'engine' : 'Lumi'}: ${one.text}`,
    ),
    ...lines,
    ...outages.map(
      (one) => `${new Date(one.from).toISOString()} ${one.what} ${one.to - one.from} ms ${one.error ?? ''}`,
    ),
  ].join('\n');
  must(ofEngine.length === faults.length && faults.length <= OF_ENGINE_MAX, `the customers saw faults:\n${all}`);
  say(`${ofEngine.length} answers 503 came while the network of the engine was away:\n${all}`);
}
