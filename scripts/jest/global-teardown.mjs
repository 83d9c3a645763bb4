// After the last test: the run's PostgreSQL goes, with its data. A run of everything has written every type of event.
import { taken } from './cluster.mjs';
import { compareEvents } from './written-events.mjs';

export default async function globalTeardown() {
  await taken.cluster?.stop();
  compareEvents();
}
