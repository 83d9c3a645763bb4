// Switches tracing on for a process, if its settings name a receiver.
import type { Log, Shutdown } from '../../ground/runtime';
import { useTracer, type SpanCounter } from './tracing';

export interface TracedProcess {
  readonly name: string;
  readonly config: {
    readonly OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined;
    readonly OTEL_EXPORTER_OTLP_HEADERS: Readonly<Record<string, string>>;
    readonly OTEL_TRACES_SAMPLER_ARG: number;
    readonly LUMI_VERSION: string;
  };
  readonly log: Log;
  readonly shutdown: Pick<Shutdown, 'onStop'>;
  readonly onSpans: SpanCounter;
}

const STOP_LIMIT_MS = 3_000;

/** Call it before what is traced; the last spans are exported after all else has stopped. */
export function startTracing({ name, config, log, shutdown, onSpans }: TracedProcess): void {
  const endpoint = config.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint === undefined) return;
  // Only here: a process without tracing loads nothing of the SDK.
  const { openSdk } = require('./sdk') as typeof import('./sdk');
  const { tracer, stop } = openSdk({
    name,
    endpoint,
    version: config.LUMI_VERSION,
    headers: config.OTEL_EXPORTER_OTLP_HEADERS,
    ratio: config.OTEL_TRACES_SAMPLER_ARG,
    onSpans,
  });
  useTracer(tracer);
  shutdown.onStop('tracing', async () => {
    useTracer(null);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, STOP_LIMIT_MS)));
    // A receiver that is away loses spans, nothing else.
    await Promise.race([stop().catch(() => undefined), late]);
    clearTimeout(timer);
  });
  log.info('traces are exported', { sampled: config.OTEL_TRACES_SAMPLER_ARG });
}
