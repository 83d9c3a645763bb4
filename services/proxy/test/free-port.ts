// A port that is free now, known before anything asynchronous can run: the service is wired while tests are collected.
import { execFileSync } from 'node:child_process';

const SCRIPT = `require('node:net').createServer().listen(0, '127.0.0.1', function () {
  process.stdout.write(String(this.address().port));
  this.close();
})`;

export function freePort(): number {
  return Number(execFileSync(process.execPath, ['-e', SCRIPT], { encoding: 'utf8', timeout: 10_000 }));
}
