// Questions at the terminal, and what is typed without being shown.
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

const INPUT_MAX = 64 * 1024 * 1024;

export function isTerminal(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** The question goes to the error stream: the output stays what the command prints. */
export async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await lines.question(question)).trim();
  } finally {
    lines.close();
  }
}

export async function askHidden(question: string): Promise<string> {
  process.stderr.write(question);
  // The interface echoes to its output, which throws everything away.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  try {
    return (await lines.question('')).trim();
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}

/** All that is piped in. */
export async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > INPUT_MAX) throw new TypeError('The input is too long.');
  }
  return Buffer.concat(chunks).toString('utf8');
}
