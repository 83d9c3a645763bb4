// The access that is in force, on disk, so that a node starts and serves without the service. It is a file of changes:
// each is appended before it is confirmed, and all of them are replaced by one whole when they have become many.
import { rm } from 'node:fs/promises';
import { appendLine, readIfThere, replaceFile } from './private-file';
import type { AccessChange } from './wire';

/** A change, and how far the service's clock was ahead of this machine's. */
export interface KeptChange extends AccessChange {
  readonly aheadMs: number;
}

const APPENDED_MAX = 1_000;

export class Snapshot {
  private appended = Number.POSITIVE_INFINITY;

  constructor(private readonly file: string) {}

  /** In order, the first one whole; empty: there is nothing of use. */
  async read(): Promise<readonly KeptChange[]> {
    const text = await readIfThere(this.file);
    const changes: KeptChange[] = [];
    for (const line of (text ?? '').split('\n')) {
      const change = parse(line);
      if (change === null) break; // The end, or a line that a killed process left half-written and has not confirmed.
      changes.push(change);
    }
    return changes[0]?.isWhole === true ? changes : [];
  }

  /** A node that may not serve any more keeps nothing to serve from. */
  async forget(): Promise<void> {
    await rm(this.file, { force: true });
  }

  /** `whole` is asked for when the file is to begin anew. */
  async keep(change: KeptChange, whole: () => KeptChange): Promise<void> {
    if (change.isWhole || this.appended >= APPENDED_MAX) {
      await replaceFile(this.file, `${JSON.stringify(change.isWhole ? change : whole())}\n`);
      this.appended = 0;
    } else {
      await appendLine(this.file, JSON.stringify(change));
      this.appended += 1;
    }
  }
}

function parse(line: string): KeptChange | null {
  try {
    return line === '' ? null : (JSON.parse(line) as KeptChange); // written by this file alone
  } catch {
    return null;
  }
}
