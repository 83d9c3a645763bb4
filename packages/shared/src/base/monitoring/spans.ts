// What became of the spans of traces.
import type { SpanCounter } from '../tracing';
import { counter } from './meters';

const spans = counter('lumi_trace_spans_total', 'Spans of traces: exported, failed (not taken), dropped (too many).', [
  'outcome',
]);

export const noteSpans: SpanCounter = (outcome, count) => spans.of({ outcome }).add(count);
