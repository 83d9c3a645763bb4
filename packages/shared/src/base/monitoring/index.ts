export {
  counter,
  gauge,
  registry,
  timer,
  type Count,
  type CounterMeter,
  type GaugeMeter,
  type Readings,
  type TimerMeter,
} from './meters';
export { openMonitoring, serveUntilStop, type MonitoredProcess } from './monitored';
export { watchPool } from './pools';
export { Readiness, type Dependency } from './readiness';
export { requestMeter, type Answered } from './requests';
export { noteSpans } from './spans';
export { countedSupplier } from './suppliers';
