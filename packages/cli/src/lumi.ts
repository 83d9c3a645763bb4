// The command line.
import { CommanderError } from 'commander';
import { readSurroundings } from './config';
import { DONE, NOT_UNDERSTOOD, endingOf } from './ending';
import { commands } from './generated/commands';
import { makeProgram } from './program';

void main();

async function main(): Promise<void> {
  // A reader that has seen enough, such as head, closes the pipe.
  process.stdout.on('error', (err: NodeJS.ErrnoException) => process.exit(err.code === 'EPIPE' ? DONE : 1));
  let status = DONE;
  const program = makeProgram(commands, readSurroundings(), (ended) => (status = ended));
  try {
    await program.parseAsync(process.argv);
  } catch (err) {
    if (err instanceof CommanderError) status = err.exitCode === 0 ? DONE : NOT_UNDERSTOOD;
    else {
      const { status: ended, lines } = endingOf(err);
      process.stderr.write(lines.map((line) => `${line}\n`).join(''));
      status = ended;
    }
  }
  // Not process.exit: what was written may still be on its way.
  process.exitCode = status;
}
