// A program of the machine that the harness runs: it ends with the harness, however that ends.
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { guard } from './guard';

export class GuardedProgram {
  /** There is no such program on this machine. */
  isMissing = false;
  private readonly child: ChildProcess;
  private readonly unguard: () => void;

  constructor(program: string, args: readonly string[], options: Pick<SpawnOptions, 'uid' | 'gid'> = {}) {
    this.child = spawn(program, args, { ...options, cwd: '/', stdio: 'ignore' });
    this.unguard = guard(this.child.pid);
    this.child.once('error', () => (this.isMissing = true));
  }

  /** At once; resolves when it is gone. */
  async kill(): Promise<void> {
    const { child } = this;
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    }
    this.unguard();
  }
}
