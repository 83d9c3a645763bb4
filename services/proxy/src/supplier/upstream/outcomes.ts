// Outcomes in the words of the purchase engine.
import type { ErrorCode } from '@lumi/shared/contract';
import type { Outcome } from '@lumi/shared/purchase';
import type { Command } from './books';
import type { Answered } from './client';

interface Refusal {
  readonly kind: 'refused';
  readonly code: ErrorCode;
  readonly text: string;
}

export const OUT_OF_STOCK: Refusal = {
  kind: 'refused',
  code: 'out_of_stock',
  text: 'This went out of stock; nothing was charged.',
};
export const SUPPLIER_REFUSED: Refusal = {
  kind: 'refused',
  code: 'supplier_error',
  text: 'The proxy network refused this request; nothing was charged.',
};
export const NO_ENTRY: Refusal = {
  kind: 'refused',
  code: 'out_of_stock',
  text: 'No entry is free for new proxies; nothing was charged.',
};
export const GONE: Refusal = {
  kind: 'refused',
  code: 'state_conflict',
  text: 'A proxy is no longer in use; nothing was charged.',
};

export function notOffered(text: string): Refusal {
  return { kind: 'refused', code: 'not_available', text: `${text} Nothing was charged.` };
}

/** What is read after something was sent: only an answer that makes sense decides. */
export function unknownOf(answer: Exclude<Answered<unknown>, { kind: 'ok' }>): {
  readonly kind: 'unknown';
  readonly cause: unknown;
} {
  const cause = answer.kind === 'refused' ? new Error(`the supplier refused: ${answer.code}`) : answer.cause;
  return { kind: 'unknown', cause };
}

/** Null: it was sent, and has no end yet. */
export function outcomeOf<R extends Record<string, unknown>>(command: Command): Outcome<R> | null {
  const { reference, state, supplier_id: id, result, refusal_code: code, refusal_text: text } = command;
  if (state === 'sent') return null;
  if (state === 'refused')
    return { kind: 'refused', code: code ?? 'supplier_error', ...(text === null ? {} : { text }) };
  // The command with this reference wrote it.
  return { kind: 'done', result: result as R, supplierRef: `ups-${id === null ? reference : String(id)}` };
}
