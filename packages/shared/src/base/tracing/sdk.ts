// The official SDK. Only `startTracing` loads this file. What is bounded: traces per second, spans that wait for their
// export (more are dropped, and no request waits for them), the time of an export, and of the end.
import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
  type Span as OtelSpan,
  type SpanContext,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  RandomIdGenerator,
  TracerProvider,
  type BatchSpanProcessorOptions,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace';
import { elapsedMs } from '../../ground/runtime';
import { idsOf, isChosen, readTraceparent, traceparentOf, type TraceIds } from './trace-ids';
import type { Attributes, Kind, Span, SpanCounter, Tracer } from './tracing';

const TRACES_PER_SECOND = 100;
const QUEUE_MAX = 2_048;
const BATCH_MAX = 512;
/** At a stop all that waits is sent at once, beside the batch that is on its way; one too many would fail all. */
const EXPORTS_MAX = QUEUE_MAX / BATCH_MAX + 1;
const EXPORT_EVERY_MS = 2_000;
const EXPORT_LIMIT_MS = 5_000;
const LINKS_MAX = 32;
/** `ExportResultCode.SUCCESS` */
const TAKEN = 0;
const KINDS: Readonly<Record<Kind, SpanKind>> = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  internal: SpanKind.INTERNAL,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};

export interface SdkOptions {
  readonly name: string;
  readonly version: string;
  /** The root of an OTLP/HTTP receiver. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Of all requests, 0 to 1. */
  readonly ratio: number;
  readonly onSpans: SpanCounter;
}

export interface Sdk {
  readonly tracer: Tracer;
  /** Exports what is left. */
  stop(): Promise<void>;
}

/** @public by `require`, in start-tracing.ts */
export function openSdk({ name, version, endpoint, headers, ratio, onSpans }: SdkOptions): Sdk {
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
    headers,
    timeoutMillis: EXPORT_LIMIT_MS,
    concurrencyLimit: EXPORTS_MAX,
  });
  const ids = new Ids();
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': `lumi-${name}`, 'service.version': version }),
    sampler: new AlwaysOnSampler(), // chosen below, before a span is made
    idGenerator: ids,
    spanLimits: { attributeValueLengthLimit: 200, attributeCountLimit: 32, linkCountLimit: LINKS_MAX },
    spanProcessors: [
      new CountingProcessor(onSpans, {
        exporter,
        maxQueueSize: QUEUE_MAX,
        maxExportBatchSize: BATCH_MAX,
        scheduledDelayMillis: EXPORT_EVERY_MS,
        exportTimeoutMillis: EXPORT_LIMIT_MS,
      }),
    ],
  });
  const otel = provider.getTracer('lumi', version);
  const rate = new Rate(TRACES_PER_SECOND);
  const chosen = (traceIds: TraceIds): boolean => isChosen(traceIds, ratio) && rate.takes();
  const open = (span: OtelSpan): Span => new Recorded(span);
  return {
    tracer: {
      begin: (requestId, spanName, attributes) => {
        const own = idsOf(requestId);
        if (!chosen(own)) return new Unsampled(own);
        const begun = {
          attributes: { ...attributes, 'lumi.request_id': requestId },
          kind: SpanKind.SERVER,
          root: true,
        };
        return ids.as(own, () => open(otel.startSpan(spanName, begun, ROOT_CONTEXT)));
      },
      resume: (requestId, spanName, attributes) => {
        const origin = requestId === null ? null : idsOf(requestId);
        const own = { traceId: ids.generateTraceId(), spanId: ids.generateSpanId() };
        if (!chosen(origin ?? own)) return new Unsampled(own);
        const begun = { attributes: { ...attributes }, kind: SpanKind.CONSUMER, root: true };
        const span = open(otel.startSpan(spanName, begun, ROOT_CONTEXT));
        if (requestId !== null) span.link(requestId);
        return span;
      },
      join: (traceparent, spanName, attributes) => {
        const from = readTraceparent(traceparent);
        if (from === null) return null;
        if (!from.isSampled) return new Unsampled(from);
        const parent = trace.setSpanContext(ROOT_CONTEXT, remote(from));
        return open(otel.startSpan(spanName, { attributes, kind: SpanKind.SERVER }, parent));
      },
      child: (parent, spanName, kind, attributes) => {
        if (!(parent instanceof Recorded)) return parent;
        const context = trace.setSpan(ROOT_CONTEXT, parent.span);
        return open(otel.startSpan(spanName, { attributes, kind: KINDS[kind] }, context));
      },
    },
    stop: () => provider.shutdown(),
  };
}

/** Counts what becomes of spans. The SDK's queue drops silently what it has no place for, so it is bounded here. */
class CountingProcessor extends BatchSpanProcessor {
  private waiting = 0;

  constructor(
    private readonly onSpans: SpanCounter,
    options: BatchSpanProcessorOptions,
  ) {
    const { exporter } = options;
    super({
      ...options,
      exporter: {
        export: (spans, done) => {
          this.waiting -= spans.length;
          exporter.export(spans, (result) => {
            onSpans(result.code === TAKEN ? 'exported' : 'failed', spans.length);
            done(result);
          });
        },
        shutdown: () => exporter.shutdown(),
      },
    });
  }

  override onEnd(span: ReadableSpan): void {
    if (this.waiting >= QUEUE_MAX) {
      this.onSpans('dropped', 1);
      return;
    }
    this.waiting += 1;
    super.onEnd(span);
  }
}

/** A span of another process, which was recorded there. */
function remote({ traceId, spanId }: TraceIds): SpanContext {
  return { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true };
}

class Recorded implements Span {
  readonly isSampled = true;

  constructor(readonly span: OtelSpan) {}

  get traceparent(): string {
    return traceparentOf(this.span.spanContext(), true);
  }

  set(attributes: Attributes): void {
    this.span.setAttributes(attributes);
  }

  link(requestId: string): void {
    this.span.addLink({ context: remote(idsOf(requestId)), attributes: { 'lumi.request_id': requestId } });
  }

  follow(traceparent: string): void {
    const from = readTraceparent(traceparent);
    if (from?.isSampled === true) this.span.addLink({ context: remote(from) });
  }

  fail(reason: string): void {
    this.span.setStatus({ code: SpanStatusCode.ERROR, message: reason });
  }

  end(): void {
    this.span.end();
  }
}

/** It passes on that its trace is not recorded. */
class Unsampled implements Span {
  readonly isSampled = false;

  constructor(private readonly ids: TraceIds) {}

  get traceparent(): string {
    return traceparentOf(this.ids, false);
  }

  set(): void {
    // Nothing is recorded.
  }

  link(): void {
    // Nothing is recorded.
  }

  follow(): void {
    // Nothing is recorded.
  }

  fail(): void {
    // Nothing is recorded.
  }

  end(): void {
    // Nothing is recorded.
  }
}

/** Random ids, and for the first span of a request those that are made from its id. */
class Ids {
  private readonly random = new RandomIdGenerator();
  private given: TraceIds | null = null;

  as<T>(given: TraceIds, start: () => T): T {
    this.given = given;
    try {
      return start();
    } finally {
      this.given = null;
    }
  }

  readonly generateTraceId = (): string => this.given?.traceId ?? this.random.generateTraceId();
  readonly generateSpanId = (): string => this.given?.spanId ?? this.random.generateSpanId();
}

/** At most so many in one second. */
class Rate {
  private second = 0;
  private taken = 0;

  constructor(private readonly max: number) {}

  takes(): boolean {
    const second = Math.floor(elapsedMs() / 1_000);
    if (second !== this.second) [this.second, this.taken] = [second, 0];
    this.taken += 1;
    return this.taken <= this.max;
  }
}
