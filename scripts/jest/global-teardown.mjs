// After the last test: the run's PostgreSQL goes, with its data.
import { taken } from './cluster.mjs';

export default async function globalTeardown() {
  await taken.cluster?.stop();
}
