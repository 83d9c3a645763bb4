// The process of the `lumi` command.
import { EXIT, runCli } from './cli';
import { readAdminEnvironment } from './config';

// As process 1 of a container it would not be stopped by a signal otherwise.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(EXIT.stopped));
const io = {
  out: (line: string) => process.stdout.write(`${line}\n`),
  err: (line: string) => process.stderr.write(`${line}\n`),
};
void runCli(process.argv.slice(2), io, readAdminEnvironment).then((status) => {
  process.exitCode = status;
});
