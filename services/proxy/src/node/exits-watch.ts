// PROXY_NODE_EXITS while the node runs: the file is read again when it has changed, or at once when the process gets
// SIGHUP. A file with faults, or with addresses that the machine does not have, changes nothing.
import { stat } from 'node:fs/promises';
import type { Log } from '@lumi/shared/runtime';
import { isAmong, readExitsFile, unusableExits, type ExitsFile, type NodeExit } from './exits-file';

const LOOK_MS = 10_000;
const TOLD_MAX = 5;

export interface ExitsWatchOptions {
  readonly file: ExitsFile;
  readonly log: Log;
  /** The service must hear of them. */
  readonly onChange: () => void;
  readonly lookMs?: number;
}

export class ExitsWatch {
  private all: readonly NodeExit[];
  private isExit: (address: string) => boolean;
  /** Of the file that was read last; undefined: it is to be read again. */
  private stamp: string | null | undefined;
  private toldOf = '';
  private looking: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | null = null;
  private readonly onSignal = (): void => void this.look(true);

  constructor(private readonly options: ExitsWatchOptions) {
    this.all = options.file.exits;
    this.isExit = isAmong(this.all.map(({ address }) => address));
  }

  get exits(): readonly NodeExit[] {
    return this.all;
  }

  /** Whether an address is one of these exits. */
  has(address: string): boolean {
    return this.isExit(address);
  }

  start(): void {
    process.on('SIGHUP', this.onSignal);
    if (this.options.file.path !== '')
      this.timer ??= setInterval(() => void this.look(), this.options.lookMs ?? LOOK_MS).unref();
  }

  stop(): void {
    process.off('SIGHUP', this.onSignal);
    if (this.timer !== null) clearInterval(this.timer);
  }

  /** `isAsked`: it registers also when the file is as before. One look after the other. */
  look(isAsked = false): Promise<void> {
    this.looking = this.looking.then(() => this.read(isAsked));
    return this.looking;
  }

  private async read(isAsked: boolean): Promise<void> {
    const { file, log, onChange } = this.options;
    const stamp = await stampOf(file.path);
    if (file.path === '' || (stamp === this.stamp && !isAsked)) return;
    this.stamp = stamp;
    const { value, reason = '' } = readExitsFile(file.path);
    if (value === undefined) return this.refuse(reason);
    if (!isAsked && JSON.stringify(value.exits) === JSON.stringify(this.all)) return;
    const before = new Set(this.all.map(({ address }) => address));
    const unusable = await unusableExits(value.exits.filter(({ address }) => !before.has(address)));
    if (unusable.length > 0) {
      this.stamp = undefined; // the machine may get them later
      const shown = unusable.slice(0, TOLD_MAX).join(', ');
      return this.refuse(`has ${String(unusable.length)} addresses that this machine cannot use: ${shown}`);
    }
    this.toldOf = '';
    this.all = value.exits;
    this.isExit = isAmong(this.all.map(({ address }) => address));
    log.info('PROXY_NODE_EXITS was read again; the node registers with it', { exits: this.all.length });
    onChange();
  }

  private refuse(reason: string): void {
    if (reason === this.toldOf) return;
    this.toldOf = reason;
    this.options.log.error(`PROXY_NODE_EXITS ${reason}; the node goes on with the exits of before`);
  }
}

/** Null: it is not there. */
async function stampOf(path: string): Promise<string | null> {
  try {
    const { ino, size, mtimeMs } = await stat(path);
    return `${String(ino)} ${String(size)} ${String(mtimeMs)}`;
  } catch {
    return null;
  }
}
