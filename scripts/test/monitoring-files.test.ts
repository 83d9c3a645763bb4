// The rules and dashboards of infra/monitoring use metrics that a process has, with labels that they have; every alert
// has a test and an entry in docs/failure-modes.md; every metric is in docs/monitoring.md.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { registry, openMonitoring, Readiness } from '@lumi/shared/monitoring';
import { silentLog } from '@lumi/shared/runtime';
import '@lumi/shared/service';
import { parse } from 'yaml';
import '../../gateway/src/wiring';
import '../../gateway/src/app';
import '../../services/proxy/src/node/control/control';
import '../../services/proxy/src/node/data-plane';
import './products';

const root = join(__dirname, '..', '..');
const folder = join(root, 'infra', 'monitoring');
const text = (...path: string[]) => readFileSync(join(root, ...path), 'utf8');

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly labels?: { readonly severity?: string };
  readonly annotations?: { readonly summary?: string; readonly description?: string; readonly runbook?: string };
}

// Files of ours, whose shape promtool checks.
const rules = readdirSync(join(folder, 'rules'))
  .filter((name) => name.endsWith('.rules.yml'))
  .flatMap((name) => (parse(text('infra/monitoring/rules', name)) as { groups: { rules: Rule[] }[] }).groups)
  .flatMap((group) => group.rules);
const alerts = rules.filter(({ alert }) => alert !== undefined);
const boards = readdirSync(join(folder, 'grafana', 'dashboards')).map((name) => ({
  name,
  board: JSON.parse(text('infra/monitoring/grafana/dashboards', name)) as {
    readonly uid: string;
    readonly panels: readonly {
      readonly id: number;
      readonly title: string;
      readonly targets?: readonly { readonly expr: string }[];
    }[];
  },
}));
const queries = [
  ...rules.map(({ record, alert, expr }) => ({ where: record ?? alert ?? '', expr })),
  ...boards.flatMap(({ name, board }) =>
    board.panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => ({ where: `${name}: ${title}`, expr })),
    ),
  ),
];

/** Metrics by name, with their labels. */
let metrics: ReadonlyMap<string, readonly string[]>;

beforeAll(async () => {
  const stops: (() => Promise<void> | void)[] = [];
  await openMonitoring({
    name: 'test',
    config: { HOST: '127.0.0.1', METRICS_PORT: 0, STOP_DELAY_MS: 0, LUMI_VERSION: 'x', LUMI_COMMIT: 'x' },
    readiness: new Readiness(),
    log: silentLog,
    shutdown: {
      onStop: (_name, step) => stops.push(step),
      onDrain: (_name, step) => stops.push(() => step(0)),
      stop: () => Promise.resolve(),
    },
  });
  for (const stop of stops) await stop();
  // Its types omit the labels.
  const all = registry.getMetricsAsArray() as unknown as { name: string; labelNames: string[] }[];
  metrics = new Map(all.map(({ name, labelNames }) => [name, labelNames]));
});

const metricOf = (used: string) => used.replace(/_(bucket|sum|count)$/, (suffix) => (metrics.has(used) ? suffix : ''));

describe('the rules and dashboards', () => {
  it('are there', () => {
    expect(alerts.length).toBeGreaterThan(20);
    expect(boards.length).toBeGreaterThan(2);
    expect(queries.length).toBeGreaterThan(100);
  });

  it('use only metrics that a process exposes, or that a recording rule makes', () => {
    const recorded = new Set(rules.map(({ record }) => record));
    const strangers = queries.flatMap(({ where, expr }) => [
      ...[...expr.matchAll(/\b(?:lumi_|nodejs_|process_)[a-z0-9_]+/g)]
        .filter(([used]) => !metrics.has(metricOf(used)))
        .map(([used]) => `${where}: ${used}`),
      ...[...expr.matchAll(/\blumi:[a-z0-9_:]+/g)]
        .filter(([used]) => !recorded.has(used))
        .map(([used]) => `${where}: ${used}`),
    ]);
    expect(strangers).toEqual([]);
  });

  it('select by labels that these metrics have', () => {
    const strangers = queries.flatMap(({ where, expr }) =>
      [...expr.matchAll(/\b((?:lumi_|nodejs_|process_)[a-z0-9_]+)\{([^}]*)\}/g)].flatMap(
        ([, used = '', selector = '']) =>
          [...selector.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)]
            .filter(([, label = '']) => ![...(metrics.get(metricOf(used)) ?? []), 'job', 'instance'].includes(label))
            .map(([, label = '']) => `${where}: ${used} has no label ${label}`),
      ),
    );
    expect(strangers).toEqual([]);
  });

  it('leave `job` and `instance` to Prometheus: no metric has them', () => {
    const taken = [...metrics].filter(([, labels]) => labels.includes('job') || labels.includes('instance'));
    expect(taken).toEqual([]);
  });

  it('have panels with ids of their own', () => {
    for (const { board } of boards) expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length);
    expect(new Set(boards.map(({ board }) => board.uid)).size).toBe(boards.length);
  });
});

describe('the compose profile', () => {
  interface Service {
    readonly image?: string;
    readonly ports?: readonly string[];
    readonly profiles?: readonly string[];
  }
  // `merge`: the file uses YAML's merge keys.
  const { services } = parse(text('docker-compose.yml'), { merge: true }) as { services: Record<string, Service> };
  const { scrape_configs: scraped } = parse(text('infra/monitoring/prometheus.yml')) as {
    scrape_configs: { job_name: string; dns_sd_configs: { names: string[]; port: number }[] }[];
  };

  it('scrapes every process of the compose file on the port of the images', () => {
    const products = ['domains', 'vps', 'proxy'].flatMap((product) => [product, `${product}-worker`]);
    const names = ['gateway', ...products, 'proxy-node'];
    expect(Object.keys(services)).toEqual(expect.arrayContaining(names));
    expect(scraped.map(({ job_name: job }) => job)).toEqual(['lumi']);
    const [found] = scraped.flatMap(({ dns_sd_configs: found }) => found);
    expect([...(found?.names ?? [])].sort()).toEqual(names.sort());
    expect(text('infra/docker/Dockerfile')).toContain(`METRICS_PORT=${String(found?.port)}`);
  });

  it.each(['prometheus', 'grafana'])('runs %s in a named version, on this machine alone', (name) => {
    const service = services[name];
    expect(service?.profiles).toEqual(['monitoring']);
    expect(service?.image).toMatch(/:v?\d+\.\d+\.\d+$/);
    expect(service?.ports?.length).toBe(1);
    expect(service?.ports?.every((port) => port.startsWith('127.0.0.1:'))).toBe(true);
  });
});

describe('every alert', () => {
  const runbooks = [...text('docs/failure-modes.md').matchAll(/^### (Lumi\w+)$/gm)].map(([, name]) => name);

  it('has an entry in docs/failure-modes.md, and there is no entry of an alert that does not exist', () => {
    expect(runbooks).toEqual(alerts.map(({ alert }) => alert));
  });

  it('has a severity, a summary, a description, and the way to its entry', () => {
    for (const { alert = '', labels, annotations } of alerts) {
      expect([alert, labels?.severity]).toEqual([alert, expect.stringMatching(/^(critical|warning)$/)]);
      expect([alert, annotations?.runbook]).toEqual([alert, `docs/failure-modes.md#${alert.toLowerCase()}`]);
      expect(`${annotations?.summary ?? ''}|${annotations?.description ?? ''}`).toMatch(/^.{10,}\|.{10,}$/);
    }
  });

  it('fires in a test of the rules', () => {
    const tests = text('infra/monitoring/rules/alerts.test.yml');
    const tested = new Set([...tests.matchAll(/alertname="(Lumi\w+)"/g)].map(([, name]) => name));
    expect(alerts.map(({ alert }) => alert).filter((name) => !tested.has(name))).toEqual([]);
  });
});

it('docs/monitoring.md names every metric of Lumi', () => {
  const documented = new Set([...text('docs/monitoring.md').matchAll(/`(lumi_[a-z_]+)`/g)].map(([, name]) => name));
  const own = [...metrics.keys()].filter((name) => name.startsWith('lumi_'));
  expect(own.filter((name) => !documented.has(name))).toEqual([]);
  expect([...documented].filter((name) => name !== undefined && !metrics.has(name))).toEqual([]);
});
