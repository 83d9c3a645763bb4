// A program for the target's machine: it answers the address that it sees on port 80, and the names of its table on
// port 53.
import { createServer } from 'node:http';
import { plainAddress } from '@lumi/shared/addresses';
import { NameServer } from '@lumi/shared/testing';

const [, , ipv4 = '', ipv6 = ''] = process.argv;

async function run(): Promise<void> {
  const names = await NameServer.open(53, ipv4);
  names.records.set('four.example', [30, ipv4]);
  names.records.set('six.example', [30, ipv6]);
  names.records.set('both.example', [30, ipv4, ipv6]);
  const server = createServer((req, res) => void res.end(plainAddress(req.socket.remoteAddress ?? '')));
  server.listen(80, '::', () => void process.stdout.write('ready\n'));
}

run().catch((err: unknown) => {
  process.stderr.write(String(err));
  process.exit(1);
});
