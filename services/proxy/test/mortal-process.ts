// A process of the proxy service that kills itself, with SIGKILL, right before one of its steps: a statement, a request
// to the supplier, or its answer. Steps are counted from the statement that holds the money. Bundled and started by
// `mortals.ts`.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client } from 'pg';
import { Pool } from 'undici';
import { buildApp, openService, serviceConfig } from '@lumi/shared/service';
import { FixedClock, silentLog } from '@lumi/shared/runtime';
import type { ProxySettings } from '../src/config';
import { endpoints, internal, wire } from '../src/wiring';

export interface Told {
  readonly settings: Readonly<Record<string, string>>;
  readonly proxy: ProxySettings;
  readonly nowMs: number;
  /** The number of the step; null: it lives. */
  readonly killAt: number | null;
}

const FIRST = 'purchase_begin';
const steps: string[] = [];
let killAt: number | null = null;

function step(label: string): void {
  if (steps.length === 0 && !label.includes(FIRST)) return;
  if (steps.length === killAt) process.kill(process.pid, 'SIGKILL');
  steps.push(label);
}

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Calls `step` before each call. */
function watch(prototype: object, name: string, labelOf: (argument: unknown) => string): void {
  const methods = prototype as Record<string, Method>;
  const original = methods[name];
  if (original === undefined) throw new Error(`there is no ${name}`);
  methods[name] = function (...args) {
    step(labelOf(args[0]));
    return original.apply(this, args);
  };
}

watch(Client.prototype, 'query', (query) => (typeof query === 'string' ? query : (query as { text: string }).text));
watch(Pool.prototype, 'request', (asked) => (asked as { method: string }).method);

process.once('message', (told: Told) => {
  ({ killAt } = told);
  const clock = new FixedClock(told.nowMs);
  const config = serviceConfig.parse(told.settings);
  const service = openService({ product: 'proxy', config, processName: 'mortal', clock, log: silentLog });
  const deps = wire(service, told.proxy);
  const api = { title: 'Test', description: 'Test', version: '0.0.0', tags: [] };
  const app = buildApp(service, endpoints(deps), api, internal(deps));
  const server = createServer((req, res) => {
    const end = res.end.bind(res) as Method;
    Object.assign(res, {
      end: (...args: unknown[]) => {
        step('answer');
        process.send?.(steps);
        return end(...args);
      },
    });
    app(req, res);
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
});
process.on('disconnect', () => process.exit(0));
