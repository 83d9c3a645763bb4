// A directed run: its steps one after the other, then the answers that customers still wait for.
import type { BuyerRequest } from '../customers/client';
import type { Run } from '../run-state';
import { NODE_STEPS } from './node-steps';
import { RACE_STEPS } from './races';
import { STEPS } from './steps';

/** How many steps it did. */
export async function drill(run: Run, steps: readonly string[]): Promise<number> {
  for (const name of steps) {
    const step = STEPS[name] ?? RACE_STEPS[name] ?? NODE_STEPS[name];
    if (step === undefined) throw new Error(`there is no step '${name}'`);
    run.note(name);
    await step(run);
  }
  for (const asked of run.asked)
    await run.customers.untilAnswered((await asked) as BuyerRequest, (what) => run.missed.push(what));
  return steps.length;
}
