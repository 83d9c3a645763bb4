// Advice for each error code: whether the same request may be sent again unchanged, and what to do. A code without
// advice does not compile.
import type { ErrorCode } from './error-codes';

export interface ErrorAdvice {
  /**
   * The same request can succeed later. It may be repeated without harm (money requests: with the same
   * Idempotency-Key).
   */
  readonly isRetrySafe: boolean;
  readonly advice: string;
}

const wait = (advice: string): ErrorAdvice => ({ isRetrySafe: true, advice });
const change = (advice: string): ErrorAdvice => ({ isRetrySafe: false, advice });

export const ERROR_ADVICE: Readonly<Record<ErrorCode, ErrorAdvice>> = {
  bad_request: change('Repair the HTTP request; the bytes sent were not understood.'),
  idempotency_key_required: change('Add an Idempotency-Key header, fresh for each purchase you mean.'),
  missing_bearer: change('Send exactly one Authorization header with your key.'),
  invalid_key: change('Check key and product; a lost key is re-issued, never recovered.'),
  invalid_signature: change('Sign the exact bytes of the body with the signing secret of this key.'),
  daily_cap_exceeded: wait('Repeat after midnight UTC, or ask an operator for a higher cap. Nothing was charged.'),
  insufficient_balance: wait('Top up, then repeat with the same Idempotency-Key. Nothing was charged.'),
  forbidden_scope: change('Use a key that holds the scope.'),
  money_disabled: wait('Repeat once money operations are switched on. Nothing was charged.'),
  not_found: change('Check path and id; objects of other accounts are not found either.'),
  method_not_allowed: change("Use a method of the 'Allow' header."),
  request_timeout: wait('Send it again, faster.'),
  in_progress: wait(
    "Repeat after 'Retry-After' with the same Idempotency-Key, or ask GET /requests/{idempotency_key}.",
  ),
  price_changed: change("Read the new price in 'details' and agree to it. Nothing was charged."),
  expiry_mismatch: change("Read the object again and send its 'expires_at'. Nothing was charged."),
  not_available: change('Choose another. Nothing was charged.'),
  out_of_stock: wait('Repeat later or choose another. Nothing was charged.'),
  state_conflict: change('Read the object again; its state must change first.'),
  skipped: change('Repair what failed before it, then POST /batches/{batch_id}/retry, or order it anew.'),
  already_owned: change('It is in this account already. Nothing was charged.'),
  busy: wait("Wait for the operation in 'details' to finish."),
  zone_changed: change('Read the zone again and apply your change to what it is now.'),
  trade_required: change('Ask for the trade explicitly.'),
  payload_too_large: change('Send less in one request.'),
  batch_too_large: change('Split the items over several requests.'),
  validation_error: change("Repair the fields named in 'details'."),
  idempotency_key_reused: change('This key stands for another request: use a fresh one.'),
  requirements_missing: change("Supply the data named in 'details'."),
  suspended: change('Ask an operator; the object must be unsuspended first.'),
  rate_limited: wait("Repeat after the seconds in 'Retry-After'."),
  headers_too_large: change('Send fewer or shorter headers.'),
  internal_error: wait('Repeat a money request only with the same Idempotency-Key: it cannot be executed twice.'),
  supplier_error: change(
    'Nothing was charged. Repeat with a fresh Idempotency-Key if you still want it: this answer is ' +
      'remembered under the old one.',
  ),
  api_disabled: wait('Repeat once the API is switched on.'),
  service_unavailable: wait("Repeat after 'Retry-After', money requests with the same Idempotency-Key."),
};
