// The closed list of error codes: code → HTTP status → the message used when the code that throws gives none.
// docs/contract.md has the same table and a test compares both; add a new code to both in one commit.

interface ErrorCodeEntry {
  readonly status: number;
  readonly sentence: string;
}

export const ERROR_CODES = {
  bad_request: { status: 400, sentence: 'The request could not be read as HTTP.' },
  idempotency_key_required: {
    status: 400,
    sentence: "Money requests must carry an 'Idempotency-Key' header (8-200 characters).",
  },
  missing_bearer: { status: 401, sentence: "Send your key as 'Authorization: Bearer <key>'." },
  invalid_key: { status: 401, sentence: 'The key is unknown, revoked or expired.' },
  invalid_signature: { status: 401, sentence: "This key requires a valid 'X-Signature' on money requests." },
  daily_cap_exceeded: {
    status: 402,
    sentence: "The key's daily spend cap is reached; it opens again with the next UTC day.",
  },
  insufficient_balance: {
    status: 402,
    sentence: 'The available balance does not cover this request; top up and send it again.',
  },
  forbidden_scope: { status: 403, sentence: 'The key lacks the scope this request needs.' },
  money_disabled: { status: 403, sentence: 'Money operations are switched off on this deployment.' },
  not_found: { status: 404, sentence: 'Not found.' },
  method_not_allowed: { status: 405, sentence: "This path does not take that method; see the 'Allow' header." },
  request_timeout: { status: 408, sentence: 'The request took too long to arrive.' },
  in_progress: { status: 409, sentence: 'An identical request is still running.' },
  price_changed: { status: 409, sentence: 'The price differs from the one you agreed to; nothing was charged.' },
  expiry_mismatch: {
    status: 409,
    sentence: "'current_expires_at' is not the current expiry; read the object again before renewing.",
  },
  not_available: { status: 409, sentence: 'This is not available for purchase.' },
  out_of_stock: { status: 409, sentence: 'This is out of stock.' },
  state_conflict: { status: 409, sentence: 'The object is in a state that does not allow this.' },
  skipped: { status: 409, sentence: 'This item was not tried.' },
  already_owned: { status: 409, sentence: 'This account already owns it.' },
  busy: { status: 409, sentence: 'Another operation is running on this object.' },
  zone_changed: { status: 409, sentence: 'The zone changed since you read it.' },
  trade_required: { status: 409, sentence: 'This change of registrant needs a trade.' },
  payload_too_large: { status: 413, sentence: 'The request body is too large.' },
  batch_too_large: { status: 413, sentence: 'Too many items; the limit is 500 per request.' },
  validation_error: { status: 422, sentence: "The request is not valid; see 'details'." },
  idempotency_key_reused: { status: 422, sentence: 'This Idempotency-Key was used for a different request.' },
  requirements_missing: { status: 422, sentence: 'Required registration data is missing.' },
  suspended: { status: 423, sentence: 'The object is suspended.' },
  rate_limited: { status: 429, sentence: "Rate limit exceeded; retry after the seconds in 'Retry-After'." },
  headers_too_large: { status: 431, sentence: 'The request headers are too large.' },
  internal_error: { status: 500, sentence: 'Something went wrong on our side; quote the request id to support.' },
  supplier_error: { status: 502, sentence: 'The supplier refused or failed this request; nothing was charged.' },
  api_disabled: { status: 503, sentence: 'The API is switched off on this deployment.' },
  service_unavailable: {
    status: 503,
    sentence: 'This part of the service is not available right now; try again shortly.',
  },
} as const satisfies Record<string, ErrorCodeEntry>;

export type ErrorCode = keyof typeof ERROR_CODES;

export function isErrorCode(value: string): value is ErrorCode {
  return Object.hasOwn(ERROR_CODES, value);
}
