// The worker process: config → wiring → loops → drain on SIGTERM.
import { batchParts } from '@lumi/shared/batches';
import { runWorker } from '@lumi/shared/service';
import { loadConfig } from './config';
import { loops } from './jobs/loops';
import { bulkKinds } from './operations/bulk';
import { wire } from './wiring';

const deps = wire({ config: loadConfig(), processName: 'proxy-worker' });
const bulk = batchParts(deps, bulkKinds(deps));
runWorker(deps, [...loops(deps), ...bulk.loops], bulk.jobs);
