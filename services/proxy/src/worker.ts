// The worker process: config → wiring → loops → drain on SIGTERM.
import { runWorker } from '@lumi/shared/service';
import { loadConfig } from './config';
import { jobs, loops } from './jobs/loops';
import { wire } from './wiring';

const deps = wire({ config: loadConfig(), processName: 'proxy-worker' });
runWorker(deps, loops(deps), jobs(deps));
