// How a command at the sandbox registry ended, and its translation for the API.
import type { ErrorCode } from '@lumi/shared/contract';
import type { Outcome } from '@lumi/shared/purchase';
import { TRANSFER_CANCELLED, type NameInfo } from '../registrar';

export interface Ending {
  readonly ending: 'pending' | 'done' | 'refused';
  readonly code: string | null;
  readonly info: NameInfo | null;
}
const PENDING_CHECK_MS = 2_000;
/** The registry's answer and its translation for the API. */
const REFUSALS: Readonly<Record<string, { readonly code: ErrorCode; readonly text: string }>> = {
  not_available: { code: 'not_available', text: 'The name is not available any more.' },
  price_changed: {
    code: 'price_changed',
    text: 'The registry asks another price than the one agreed to; nothing was charged.',
  },
  expiry_mismatch: {
    code: 'expiry_mismatch',
    text: "'current_expires_at' is not the expiry the registry has; read the domain again before renewing.",
  },
  state_conflict: { code: 'state_conflict', text: 'The name is in a state at the registry that does not allow this.' },
  auth_code: { code: 'validation_error', text: 'The auth code is not valid for this name.' },
  cancelled: { code: 'state_conflict', text: TRANSFER_CANCELLED },
};
const REFUSED = { code: 'supplier_error', text: 'The registry refused this request; nothing was charged.' } as const;

export function outcomeOf(ending: Ending): Outcome<NameInfo> {
  if (ending.ending === 'pending') return { kind: 'pending', supplierRef: 'sandbox', checkAfterMs: PENDING_CHECK_MS };
  if (ending.ending === 'done' && ending.info !== null) return { kind: 'done', result: ending.info };
  return { kind: 'refused', ...(REFUSALS[ending.code ?? ''] ?? REFUSED) };
}
