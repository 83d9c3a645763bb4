// The access that is in force, on disk, so that a node starts and serves without the service. It is a file of changes:
// each is appended before it is confirmed, and all of them are replaced by one whole when they have become many.
import { rm } from 'node:fs/promises';
import type { Log } from '@lumi/shared/runtime';
import { readKept, textOfKept, type KeptChange } from './kept-access';
import { appendLine, readIfThere, replaceFile } from './private-file';

const APPENDED_MAX = 1_000;

export class Snapshot {
  private appended = Number.POSITIVE_INFINITY;

  constructor(
    private readonly file: string,
    private readonly log: Pick<Log, 'warn'>,
  ) {}

  /** In order, the first one whole; empty: there is nothing of use. It is not needed to start, so nothing rejects. */
  async read(): Promise<readonly KeptChange[]> {
    const text = await readIfThere(this.file).catch((err: unknown) => {
      this.sayUnusable({ err });
      return null;
    });
    if (text === null) return [];
    const lines = text.split('\n');
    const changes: KeptChange[] = [];
    for (const line of lines.slice(0, -1)) {
      const change = readKept(line);
      if (change?.isWhole !== true && changes.length === 0) break;
      if (change === null) break;
      changes.push(change);
    }
    // What follows the last end of a line is of a killed process, which has not confirmed it.
    if (changes.length < lines.length - 1 || (changes.length === 0 && text !== ''))
      this.sayUnusable({ line: changes.length + 1 });
    return changes;
  }

  /** A node that may not serve any more keeps nothing to serve from. */
  async forget(): Promise<void> {
    await rm(this.file, { force: true });
  }

  /** `whole` is asked for when the file is to begin anew. */
  async keep(change: KeptChange, whole: () => KeptChange): Promise<void> {
    if (change.isWhole || this.appended >= APPENDED_MAX) {
      await replaceFile(this.file, `${textOfKept(change.isWhole ? change : whole())}\n`);
      this.appended = 0;
    } else {
      await appendLine(this.file, textOfKept(change));
      this.appended += 1;
    }
  }

  private sayUnusable(where: object): void {
    const what = 'access on disk is damaged, or of another version of the node; the service is asked for it';
    this.log.warn(what, { file: this.file, ...where });
  }
}
