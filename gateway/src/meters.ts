// What the gateway counts, beside the decisions of limits.
import { counter, gauge, requestMeter } from '@lumi/shared/monitoring';

export const noteRequest = requestMeter('gateway');

/** `parser`: refused before any stage saw it. */
export const refusals = counter('lumi_gateway_refusals_total', 'Requests that a stage of the gateway refused.', [
  'stage',
  'code',
]);

/** hit: answered from memory; unknown: remembered as no key; read: the database was asked. */
const keyLookUps = counter('lumi_gateway_key_lookups_total', 'Look-ups of keys, by where the answer came from.', [
  'result',
]);
export const keyHit = keyLookUps.of({ result: 'hit' });
export const keyUnknown = keyLookUps.of({ result: 'unknown' });
export const keyRead = keyLookUps.of({ result: 'read' });

const keyReads = counter('lumi_gateway_key_reads_total', 'Reads of keys from the database.', ['outcome']);
export const keyReadDone = keyReads.of({ outcome: 'done' });
export const keyReadFailed = keyReads.of({ outcome: 'failed' });

export const keysCached = gauge(
  'lumi_gateway_keys_cached',
  'Keys in memory, those remembered as unknown included.',
  [],
);
export const keysListening = gauge(
  'lumi_gateway_keys_listening',
  'Whether changes of keys arrive at once: 1 or 0. At 0 they take up to four seconds.',
  [],
);
export const operationsServed = gauge('lumi_gateway_operations', 'Operations of the product that the gateway serves.', [
  'product',
]);
export const upstreamRequests = gauge('lumi_gateway_upstream_requests', 'Requests at a service or waiting for it.', [
  'product',
  'state',
]);
export const upstreamBroken = gauge(
  'lumi_gateway_upstream_broken',
  'Whether requests to a service are refused because it could not be reached: 1 or 0.',
  ['product'],
);
export const bodyBytes = gauge('lumi_gateway_body_bytes', 'Bytes of request bodies in memory.', []);
