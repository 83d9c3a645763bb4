// What every process shows of itself: its build, memory, CPU, and the lag of its event loop.
import { collectDefaultMetrics } from 'prom-client';
import { gauge, registry } from './meters';

export interface Build {
  /** `gateway`, `domains`, `domains-worker`, … */
  readonly process: string;
  readonly version: string;
  readonly commit: string;
}

/** One look every 20 ms: more would keep an idle process awake. */
const LAG_RESOLUTION_MS = 20;

const builds = gauge('lumi_build_info', 'Always 1; the labels say what runs here.', [
  'process',
  'version',
  'commit',
  'node',
]);
let isCollecting = false;

/** Only for a process that serves its metrics: the look at the event loop costs a little even when nothing happens. */
export function showProcess({ process: name, version, commit }: Build): void {
  builds.watch(() => [[{ process: name, version, commit, node: process.versions.node }, 1]]);
  if (isCollecting) return;
  isCollecting = true;
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_RESOLUTION_MS });
}
