// The node's data plane as a child of the bench: one proxy, its target on loopback, and as many entries as are asked
// for. With LIMITS=1 it is metered, spends from leases that a service would give, and has a limit of bandwidth that is
// never reached.
import { judgeOf, Lookup, ownAddresses, PORTS_REFUSED, readAllowed, readPorts } from '@lumi/shared/egress';
import { elapsedMs, silentLog, systemClock } from '@lumi/shared/runtime';
import { Leases } from '../../../services/proxy/src/node/control/leases';
import { Notes } from '../../../services/proxy/src/node/control/notes';
import { Reports } from '../../../services/proxy/src/node/control/reports';
import { targetNames } from '../../../services/proxy/src/node/control/target-names';
import { UsageLines } from '../../../services/proxy/src/node/control/usage-lines';
import { DataPlane } from '../../../services/proxy/src/node/data-plane';
import { Rights, type Right } from '../../../services/proxy/src/node/rights';

const GRANTED = 2 ** 50;
const EXCHANGE_MS = 1_000;
const FIRST_PORT = 20_000;
const isLimited = process.env.LIMITS === '1';
const entries = Number(process.env.ENTRIES ?? 0);

const rights = new Rights(systemClock);
rights.useKey(Buffer.alloc(32, 7));
const nowMs = (): number => rights.nowMs();
const lines = new UsageLines(nowMs);
const targetName = targetNames('domain');
const leases = new Leases({ rights, lines, targetName, hurry: () => undefined });

function rightOf(subject: string, name: string, port: number | null): Right {
  return {
    subject,
    kind: 'proxy',
    accountId: 'account',
    isEnabled: true,
    suspendedFor: null,
    logins: [{ name, digest: rights.digestOf(name, 'secret-word'), untilMs: null }],
    blocks: [],
    port,
    protocol: 'both',
    exits: { kind: 'fixed', address: '127.0.0.1', country: 'XA' },
    upstream: null,
    rotationS: null,
    validUntilMs: Date.now() + 3_600_000,
    concurrency: 50_000,
    bandwidthBps: isLimited ? 10 ** 12 : null,
    isMetered: isLimited,
    blockedDomains: [],
    allowedDomains: null,
  };
}

const statics = Array.from({ length: entries }, (_, at) => rightOf(`prx_${String(at)}`, 'customer', FIRST_PORT + at));
rights.apply({ rights: [rightOf('prx_one', 'customer', null), ...statics] });
if (isLimited) {
  const exchange = (): void => {
    lines.take();
    leases.wishes();
    const answer = { subject: 'prx_one', granted: GRANTED, used: 0, free: GRANTED, elsewhere: 0 };
    leases.take([{ ...answer, is_needed: false, is_stopped: false }], elapsedMs());
  };
  exchange();
  setInterval(exchange, EXCHANGE_MS);
}

const { value: allowed } = readAllowed('127.0.0.1/32:1024-65535');
if (allowed === undefined) throw new Error('the target cannot be allowed');
const judge = judgeOf({
  refused: readPorts(PORTS_REFUSED).value ?? new Set(),
  allowed,
  isOwn: (address) => ownAddresses().has(address),
});
const plane = new DataPlane({
  rights,
  meter: leases,
  events: new Notes(nowMs, silentLog, new Reports(nowMs, targetName)),
  lookup: new Lookup({ addresses: () => Promise.resolve({ failure: 'dns' }) }, judge),
  log: silentLog,
  host: '127.0.0.1',
  httpPort: 0,
  socksPort: 0,
  staticPorts: { first: FIRST_PORT, last: 65_535 },
});
void plane.open().then(() => process.send?.({ type: 'ready', port: plane.ports.http }));
process.on('SIGTERM', () => process.exit(0));
process.on('disconnect', () => process.exit(0));
