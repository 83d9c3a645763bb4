// Counts the steps of money, each where its statement has returned. The ledger is the truth; these are for watching.
import { counter } from '../monitoring';

/**
 * held → captured or released is the usual way. pending, unknown: the hold stays, and recovery goes on (taken_over).
 * fenced: another attempt owned the order. credited: a deposit. adjusted: an operator's correction over the API.
 */
export type MoneyStep =
  'held' | 'captured' | 'released' | 'pending' | 'unknown' | 'fenced' | 'taken_over' | 'credited' | 'adjusted';

const steps = counter('lumi_money_steps_total', 'Steps of money: holds, captures, releases, credits, corrections.', [
  'product',
  'kind',
  'step',
]);
const refusals = counter('lumi_hold_refusals_total', 'Purchases whose money was not held, by the reason.', [
  'product',
  'kind',
  'reason',
]);

export function noteMoneyStep(of: { readonly product: string; readonly kind: string }, step: MoneyStep): void {
  steps.of({ product: of.product, kind: of.kind, step }).add();
}

export function noteHoldRefusal(of: { readonly product: string; readonly kind: string }, reason: string): void {
  refusals.of({ product: of.product, kind: of.kind, reason }).add();
}
