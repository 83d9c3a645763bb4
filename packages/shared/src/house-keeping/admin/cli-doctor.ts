// `lumi doctor`. Unlike the other commands it also works when the database, or a setting, is what is wrong.
import { join } from 'node:path';
import { doctorEnvironment, examine } from '../doctor';
import { systemClock } from '../../ground/runtime';

export const DOCTOR_USAGE =
  '  lumi doctor\n      Looks at settings, clocks, schemas, rights, queue, Redis, suppliers, certificates and disk; ' +
  'one line each with what to do. Changes nothing; exit status 1 when something is to be repaired.';

const ROOT = join(__dirname, '..', '..', '..', '..', '..');

export async function doctor(
  args: readonly string[],
  io: { out(line: string): void; err(line: string): void },
  env: Readonly<Record<string, string | undefined>> = doctorEnvironment(),
): Promise<number> {
  if (args.length > 0) {
    io.err(`lumi: "${args.join(' ')}" is one argument too many.\nUsage: lumi doctor`);
    return 2;
  }
  return (await examine({ env, clock: systemClock, root: ROOT, out: (line) => io.out(line) })) ? 0 : 1;
}
