// Outlives a test run that is killed or interrupted: when the run's end of the pipe closes, its cluster goes.
// Started by cluster.mjs as: node guard.mjs <folder> <pid of PostgreSQL>
import { dispose } from './cluster.mjs';

const [dir, pid] = process.argv.slice(2);
if (dir === undefined) throw new Error('which folder?');
process.stdin.resume();
process.stdin.once('close', () => dispose(dir, Number(pid)));
