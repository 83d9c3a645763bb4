// The seam of tracing. With tracing off, each function here costs a look at one variable.
import { AsyncLocalStorage } from 'node:async_hooks';

export type Attributes = Readonly<Record<string, string | number>>;
export type Kind = 'server' | 'client' | 'internal' | 'producer' | 'consumer';

export interface Span {
  /** W3C trace context, for the next process. */
  readonly traceparent: string;
  /** Off: neither this span nor what happens in it is exported. */
  readonly isSampled: boolean;
  set(attributes: Attributes): void;
  /** To the trace that began with this request. */
  link(requestId: string): void;
  /** To the span of another process that passed this work on. */
  follow(traceparent: string): void;
  /** `reason`: a code or a name, never a message. */
  fail(reason: string): void;
  end(): void;
}

/** dropped: more ended than can be exported; failed: the receiver did not take them. */
export type SpanCounter = (outcome: 'exported' | 'failed' | 'dropped', spans: number) => void;

export interface Tracer {
  /** A new trace; its ids are made from the request id. */
  begin(requestId: string, name: string, attributes: Attributes): Span;
  /** A new trace of work that goes on with what a request began. */
  resume(requestId: string | null, name: string, attributes: Attributes): Span;
  /** In the trace of another process; null when the header is not one of ours. */
  join(traceparent: string, name: string, attributes: Attributes): Span | null;
  child(parent: Span, name: string, kind: Kind, attributes: Attributes): Span;
}

let tracer: Tracer | null = null;
const active = new AsyncLocalStorage<Span>();

/** Null: off. */
export function useTracer(next: Tracer | null): void {
  tracer = next;
}

/** At the edge; null when tracing is off. The caller ends it. */
export function beginTrace(requestId: string, name: string, attributes: Attributes = {}): Span | null {
  return tracer === null ? null : tracer.begin(requestId, name, attributes);
}

/** In a service; null when tracing is off or the request has no trace. The caller ends it. */
export function joinTrace(traceparent: string | undefined, name: string, attributes: Attributes): Span | null {
  return tracer === null || traceparent === undefined ? null : tracer.join(traceparent, name, attributes);
}

/** `work` and all that it starts happens in the span. */
export function within<T>(span: Span | null, work: () => T): T {
  return span === null ? work() : active.run(span, work);
}

/** A part of what is going on; null when that is not traced. The caller ends it. */
export function beginPart(name: string | (() => string), kind: Kind, attributes: Attributes): Span | null {
  if (tracer === null) return null;
  const parent = active.getStore();
  if (parent === undefined || !parent.isSampled) return null;
  return tracer.child(parent, typeof name === 'string' ? name : name(), kind, attributes);
}

/** `work` as a part of what is going on. */
export async function asPart<T>(
  name: string,
  kind: Kind,
  attributes: Attributes,
  work: (span: Span | null) => Promise<T>,
): Promise<T> {
  const span = beginPart(name, kind, attributes);
  if (span === null) return work(null);
  try {
    return await active.run(span, () => work(span));
  } catch (err) {
    span.fail(nameOf(err));
    throw err;
  } finally {
    span.end();
  }
}

/** Work of a worker: a trace of its own, with a link to the request that began it, if it is known yet. */
export async function resumed<T>(
  name: string,
  requestId: string | null,
  attributes: Attributes,
  work: () => Promise<T>,
): Promise<T> {
  if (tracer === null) return work();
  const span = tracer.resume(requestId, name, attributes);
  try {
    return await active.run(span, work);
  } catch (err) {
    span.fail(nameOf(err));
    throw err;
  } finally {
    span.end();
  }
}

/** The work that goes on was begun by this request. */
export function linkTo(requestId: string): void {
  if (tracer !== null) active.getStore()?.link(requestId);
}

/** The work that goes on was passed on in this span of another process. */
export function follow(traceparent: string): void {
  if (tracer !== null) active.getStore()?.follow(traceparent);
}

/** A code or the class of an error: its message may hold a value. */
export function nameOf(err: unknown): string {
  if (typeof err !== 'object' || err === null) return 'unknown';
  if ('code' in err && typeof err.code === 'string') return err.code.slice(0, 60);
  return 'name' in err && typeof err.name === 'string' ? err.name.slice(0, 60) : 'unknown';
}
