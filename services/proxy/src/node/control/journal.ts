// What was counted and not yet taken by the service, on disk. `frozen` was sent, or is about to be: it stays as it is
// until the service has answered. `pending` was never sent and grows. A killed process leaves both to its successor.
import { z } from 'zod';
import { readIfThere, replaceFile } from './private-file';
import type { ExitChange, Seen, UsageLine } from '../../nodes/protocol';

export interface Batch {
  readonly lines: readonly UsageLine[];
  readonly seen: readonly Seen[];
  readonly exitsChanged: readonly ExitChange[];
}

export interface Books {
  readonly epoch: number;
  /** Of the frozen batch; without one, of the last that was taken. */
  readonly seq: number;
  readonly frozen: Batch | null;
  readonly pending: readonly UsageLine[];
}

const count = z.number().int().min(0);
const lines = z.array(
  z.object({
    subject: z.string(),
    hour: z.string(),
    country: z.string(),
    target: z.string(),
    up: count,
    down: count,
    requests: count,
    errors: count,
  }),
);
const batch = z.object({
  lines,
  seen: z.array(z.object({ subject: z.string(), block: z.string().nullable(), at: z.string() })),
  exitsChanged: z.array(z.object({ subject: z.string(), address: z.string(), at: z.string() })),
});
const books = z.object({ epoch: count, seq: count, frozen: batch.nullable(), pending: lines });

export interface Journal {
  /** Null: there is none. Rejects when there is one that cannot be read: usage would be lost silently. */
  read(): Promise<Books | null>;
  /** Resolves when these books, or later ones, are on disk. */
  write(books: Books): Promise<void>;
}

export function openJournal(file: string): Journal {
  let next: Books | null = null;
  let writing: Promise<void> | null = null;
  const writeAll = async (): Promise<void> => {
    try {
      while (next !== null) {
        const text = JSON.stringify(next);
        next = null;
        await replaceFile(file, text);
      }
    } finally {
      writing = null;
    }
  };
  return {
    read: async () => {
      const text = await readIfThere(file);
      if (text === null) return null;
      const { success, data } = books.safeParse(jsonOf(text));
      if (success) return data;
      throw new Error(`${file} is damaged: it holds usage that was not yet sent; move it away to start without it`);
    },
    write: (latest) => {
      next = latest;
      writing ??= writeAll();
      return writing;
    },
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
