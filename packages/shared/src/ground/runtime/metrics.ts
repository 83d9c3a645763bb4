// Prometheus' text format. Numbers are computed on each read; no counter is kept, so none can be wrong.

export interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly value: number;
}

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export function metricsText(gauges: readonly Gauge[], labels: Readonly<Record<string, string>>): string {
  const common = Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',');
  return gauges
    .map(
      ({ name, help, value }) => `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name}{${common}} ${String(value)}\n`,
    )
    .join('');
}
