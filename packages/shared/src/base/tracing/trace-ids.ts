// The ids of a trace and of its first span, made from the request id; and their W3C form.
import { createHash } from 'node:crypto';

export interface TraceIds {
  readonly traceId: string;
  readonly spanId: string;
}

const SHAPE = /^00-([0-9a-f]{32})-([0-9a-f]{16})-(00|01)$/;

export function idsOf(requestId: string): TraceIds {
  const digest = createHash('sha256').update(requestId).digest('hex');
  return { traceId: digest.slice(0, 32), spanId: digest.slice(32, 48) };
}

export function traceparentOf({ traceId, spanId }: TraceIds, isSampled: boolean): string {
  return `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
}

export function readTraceparent(text: string): (TraceIds & { readonly isSampled: boolean }) | null {
  const [, traceId, spanId, flags] = SHAPE.exec(text) ?? [];
  return traceId === undefined || spanId === undefined ? null : { traceId, spanId, isSampled: flags === '01' };
}

/** The same answer in every process, so that later work is sampled when its request was. */
export function isChosen({ traceId }: TraceIds, ratio: number): boolean {
  return Number.parseInt(traceId.slice(0, 8), 16) < ratio * 0x1_0000_0000;
}
