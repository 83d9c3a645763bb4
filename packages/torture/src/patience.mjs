// What deeds and leads share: how long they wait for what they began, and who buys.
import { codeOf } from './client.mjs';

const LOOK_EVERY_MS = 250;
/** Far more than a broken system needs to come back. */
export const PATIENCE_MS = 120_000;
/** For a step of a directed run: far more than a busy machine needs. */
export const STEP_LIMIT_MS = 180_000;
/** An order that nobody else can end: on a busy machine it is decided after healing. */
export const DECISION_MS = 300_000;
/** A request may lie in a stopped process for so long before it makes its order. */
export const ARRIVAL_MS = 20_000;
/** Look-ups that get no answer: more than anybody makes. */
export const NEVER = 900;

export function buyerOf({ buyers }, product) {
  return buyers.find((buyer) => buyer.product === product);
}

/** What `find` finds as soon as it finds something; a database that is down is asked again. */
export async function soon(find, limitMs) {
  const endAt = performance.now() + limitMs;
  for (;;) {
    const found = await find().catch(() => undefined);
    if (found !== undefined && found !== false) return found;
    if (performance.now() > endAt) return undefined;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** As a customer who does not give up: through one gateway and the other until the answer is the last one. */
export async function untilAnswered({ doors, workload, missed }, request) {
  const endAt = performance.now() + STEP_LIMIT_MS;
  for (let tries = 0; performance.now() < endAt; tries += 1) {
    const send = await doors.send(request, tries % 2);
    workload.learn(request, send);
    const isOpen =
      send.kind === 'unknown' ||
      codeOf(send) === 'in_progress' ||
      (send.status === 202 && send.json?.batch_id === undefined);
    if (!isOpen) return send;
    await pause(250);
  }
  missed.push(`an answer to ${request.key}`);
  return request.sends.at(-1);
}

/** False when it has not come true in time. */
export async function until(isTrue, limitMs = STEP_LIMIT_MS) {
  const endAt = performance.now() + limitMs;
  while (!(await isTrue())) {
    if (performance.now() > endAt) return false;
    await pause(100);
  }
  return true;
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
