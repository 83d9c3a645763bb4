export { counter, gauge, registry, timer, type Count, type Readings } from './meters';
export { openMonitoring, serveUntilStop, type MonitoredProcess } from './monitored';
export { watchPool } from './pools';
export { Readiness, type Dependency } from './readiness';
export { requestMeter } from './requests';
export { countedSupplier } from './suppliers';
