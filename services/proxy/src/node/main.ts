// A proxy node: settings → control side → data plane → drain. What may pass comes from the service, and
// what passed goes there; everything else is its own.
import { judgeOf, Lookup, openResolver, ownAddresses } from '@lumi/shared/egress';
import { openMonitoring, Readiness, serveUntilStop } from '@lumi/shared/monitoring';
import { createLog, createShutdown, reportReady, settingsThere, type Log } from '@lumi/shared/runtime';
import { Control } from './control/control';
import { openServiceLink } from './control/service-link';
import { makePrivateFolder } from './control/private-file';
import { DataPlane } from './data-plane';
import { unusableExits } from './exits-file';
import { ExitsWatch } from './exits-watch';
import { claimPorts, keepPorts, type ClaimedPorts } from './port-claim';
import { isIn, readNodeConfig, type NodeConfig } from './config';
import { Draining, stopLimitMs } from './stopping';

const NAME = 'proxy-node';

async function run(): Promise<void> {
  await settingsThere();
  const config = readNodeConfig();
  const log = createLog({ level: config.LOG_LEVEL, process: NAME });
  const shutdown = createShutdown(log, { limitMs: stopLimitMs(config) });
  const readiness = new Readiness();
  const monitored = { name: NAME, config: { ...config, HOST: config.PROXY_NODE_HOST }, readiness, log, shutdown };
  await openMonitoring(monitored);

  await makePrivateFolder(config.PROXY_NODE_DATA);
  const ports = await claimPorts({
    host: config.PROXY_NODE_HOST,
    range: config.PROXY_NODE_PORTS,
    http: config.PROXY_NODE_HTTP_PORT,
    socks: config.PROXY_NODE_SOCKS_PORT,
    folder: config.PROXY_NODE_DATA,
  });
  await tellOfSettings(config, log);

  const exits = new ExitsWatch({ file: config.PROXY_NODE_EXITS, log, onChange: () => control.registerAnew() });
  let plane: DataPlane | null = null;
  let draining: Draining | null = null;
  let drainAsked = false;
  const control = await Control.open({
    link: openServiceLink({
      url: config.PROXY_SERVICE_URL,
      nodeId: config.PROXY_NODE_ID,
      token: config.PROXY_NODE_TOKEN,
    }),
    folder: config.PROXY_NODE_DATA,
    targetLog: config.PROXY_TARGET_LOG,
    log,
    registration: () => ({
      version: config.LUMI_VERSION,
      entry_host: config.PROXY_NODE_ENTRY_HOST,
      ports: { ...ports.range, ...(plane?.ports ?? ports) },
      exits: exits.exits,
      allowed: config.PROXY_NODE_ALLOW.text === '' ? [] : config.PROXY_NODE_ALLOW.text.split(','),
    }),
    connections: () => plane?.state.connections ?? 0,
    onDrain: (seconds) => {
      if (drainAsked || draining === null) return;
      drainAsked = true;
      log.info('the operator drains this node', { seconds });
      void draining.byOperator(seconds * 1_000).then(() => shutdown.stop('drained'));
    },
    onRefused: () => {
      log.error('the service has refused the token of this node for a minute; it ends');
      void shutdown.stop('token refused', 1);
    },
  });
  // Steps run last-registered first: no new connections, then the others' end, then the last usage.
  shutdown.onDrain('control', () => control.stop());
  plane = await openPlane(config, { control, exits, ports, log });
  const opened = plane;
  const ending = new Draining(opened, config.PROXY_NODE_DRAIN_S * 1_000);
  draining = ending;
  shutdown.onDrain('connections', (limitMs) => ending.end(limitMs));
  readiness.needs({ name: 'service', isVital: false, check: () => control.check() });
  await keepPorts(config.PROXY_NODE_DATA, { ...ports, ...opened.ports });
  control.start();
  await control.ready;
  await opened.ready();
  exits.start();
  shutdown.onDrain('exits', () => exits.stop());
  serveUntilStop(monitored);
  log.info('serving', { ...opened.ports, entries: ports.range });
  reportReady();
}

interface PlaneParts {
  readonly control: Control;
  readonly exits: ExitsWatch;
  readonly ports: ClaimedPorts;
  readonly log: Log;
}

async function openPlane(config: NodeConfig, { control, exits, ports, log }: PlaneParts): Promise<DataPlane> {
  const rules = {
    allowed: config.PROXY_NODE_ALLOW,
    isOwn: (address: string) => ownAddresses().has(address) || exits.has(address) || control.isPeer(address),
  };
  const judge = judgeOf({ ...rules, refused: config.PROXY_PORTS_REFUSED });
  const judgeEndpoint = judgeOf({ ...rules, refused: { has: () => false } });
  const plane = new DataPlane({
    rights: control.rights,
    meter: control.meter,
    events: control.events,
    checkKeys: control.checkKeys,
    lookup: new Lookup(openResolver({ servers: config.PROXY_NODE_RESOLVERS }), judge),
    mayPassTo: (address, port) => judgeEndpoint(address, port) === null,
    log,
    host: config.PROXY_NODE_HOST,
    httpPort: ports.http,
    socksPort: ports.socks,
    staticPorts: ports.range,
    idleMs: config.PROXY_NODE_IDLE_S * 1_000,
    isTrusted: isIn(config.PROXY_NODE_TRUSTED),
  });
  await plane.open();
  return plane;
}

async function tellOfSettings(config: NodeConfig, log: Log): Promise<void> {
  const { exits } = config.PROXY_NODE_EXITS;
  const { text: allowed } = config.PROXY_NODE_ALLOW;
  if (allowed !== '' && exits.length > 0) log.warn('PROXY_NODE_ALLOW lifts targets from the refusals', { allowed });
  const unusable = await unusableExits(exits);
  if (unusable.length > 0)
    throw new Error(
      `PROXY_NODE_EXITS has ${String(unusable.length)} addresses that this machine cannot use as its own: ` +
        `${unusable.slice(0, 5).join(', ')}; give them to a network interface, or take them out`,
    );
}

run().catch((err: unknown) => {
  process.stderr.write(`The proxy node could not start: ${err instanceof Error ? err.message : String(err)}\n`);
  process.exit(1);
});
