// The `lumi` command: accounts, keys, corrections and the check of the books, directly on the database. It needs no
// running service and no key, so it also makes the first operator key of an empty installation.
import { AppError } from '../../ground/contract';
import { databaseCode, openDatabase, type Database } from '../../base/db';
import { toAppError } from '../../base/http';
import { silentLog, systemClock } from '../../ground/runtime';
import { auditBooks } from './cli-audit';
import { DOCTOR_USAGE, doctor } from './cli-doctor';
import { Usage, type Command, type CommandDeps } from './cli-command';
import { issueCommand, keysCommand, revokeCommand, rollCommand } from './cli-keys';
import { adjustCommand, createCommand, showCommand, usersCommand } from './cli-users';
import type { AdminConfig } from './config';

export const EXIT = { done: 0, refused: 1, usage: 2, stopped: 143 } as const;

export interface CliIo {
  /** One line, without its end. */
  out(line: string): void;
  err(line: string): void;
}

const COMMANDS: readonly Command[] = [
  createCommand,
  usersCommand,
  showCommand,
  adjustCommand,
  issueCommand,
  keysCommand,
  revokeCommand,
  rollCommand,
  auditBooks,
];

const HELP = [
  'lumi: accounts, keys and the books of this installation.',
  '',
  'Usage:',
  ...COMMANDS.map((command) => `  lumi ${command.usage}\n      ${command.summary}`),
  DOCTOR_USAGE,
  '',
  'Everywhere: --json prints the result as JSON, --help this text. Amounts are USD, such as 5.15 or -5.15.',
  'Exit status: 0 done, 1 refused (the reason is printed), 2 the command was not understood.',
  '',
  'The first operator key of a new installation:',
  '  lumi keys issue --product domains --type operator',
].join('\n');

/** `args` as typed after `lumi`. Returns the exit status. Does not throw for a user's mistakes. */
export async function runCli(args: readonly string[], io: CliIo, readSettings: () => AdminConfig): Promise<number> {
  if (args.length === 0 || args.includes('--help') || args.includes('-h') || args[0] === 'help') {
    (args.length === 0 ? io.err : io.out)(HELP);
    return args.length === 0 ? EXIT.usage : EXIT.done;
  }
  if (args[0] === 'doctor') return doctor(args.slice(1), io);
  const command = COMMANDS.find((one) => one.words.every((word, index) => args[index] === word));
  if (command === undefined) {
    io.err(`lumi: there is no command "${args.slice(0, 2).join(' ')}".\n\n${HELP}`);
    return EXIT.usage;
  }
  const isJson = args.includes('--json');
  let database: Database | null = null;
  try {
    const run = command.parse(args.slice(command.words.length).filter((arg) => arg !== '--json'));
    const config = readSettings();
    database = openDatabase({ url: config.DATABASE_URL, connections: 2, log: silentLog, name: 'lumi-cli' });
    const deps: CommandDeps = {
      db: database,
      clock: systemClock,
      rings: { peppers: config.KEY_PEPPERS, secrets: config.SECRET_RING, clock: systemClock },
    };
    const result = await run(deps);
    io.out(isJson ? JSON.stringify(result.json, null, 2) : result.text);
    return result.isBad === true ? EXIT.refused : EXIT.done;
  } catch (err) {
    if (err instanceof Usage) {
      io.err(`lumi: ${err.message}\nUsage: lumi ${command.usage}`);
      return EXIT.usage;
    }
    io.err(`lumi: ${sentenceOf(err)}`);
    return EXIT.refused;
  } finally {
    await database?.close();
  }
}

function sentenceOf(err: unknown): string {
  if (databaseCode(err) === '3F000' || databaseCode(err) === '42P01')
    return 'This database has no Lumi schema yet; start Lumi once (npm start), so that it migrates.';
  if (databaseCode(err) === '3D000') return 'There is no such database; is DATABASE_URL right?';
  if (databaseCode(err) === '28P01')
    return (
      'The database refused the user or the password of DATABASE_URL; start Lumi once after an update, so ' +
      'that it makes its roles.'
    );
  const known = toAppError(err);
  if (known.code === 'service_unavailable')
    return 'The database cannot be reached; is Lumi running (npm start), and is DATABASE_URL right?';
  if (known.code === 'internal_error')
    return `Something unexpected happened: ${err instanceof Error ? err.message : String(err)}`;
  return [known.message, ...detailsOf(known)].join('\n');
}

function detailsOf(err: AppError): string[] {
  return (err.details ?? []).map((detail) => `  ${detail.path}: ${detail.message}`);
}
