// A node in the test's own process, with its control side connected to the service as `npm start` connects it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '@lumi/shared/runtime';
import { Control } from '../src/node/control/control';
import { openServiceLink } from '../src/node/control/service-link';
import type { NodeExit } from '../src/node/exits-file';
import type { DataPlaneOptions } from '../src/node/data-plane';
import type { Range } from '../src/node/port-claim';
import { NodeFixture } from './node-fixture';

export interface ConnectedNode {
  readonly control: Control;
  readonly fixture: NodeFixture;
  close(): Promise<void>;
}

/** `first`: of its 100 static ports. */
export async function connectedNode(
  url: string,
  nodeId: string,
  token: string,
  {
    exits = [],
    first = 20_000,
    range = { first, last: first + 99 },
    ...plane
  }: Partial<DataPlaneOptions> & {
    readonly exits?: readonly NodeExit[];
    readonly first?: number;
    readonly range?: Range;
  } = {},
): Promise<ConnectedNode> {
  const folder = mkdtempSync(join(tmpdir(), 'lumi-node-'));
  const opened: { fixture: NodeFixture | null } = { fixture: null };
  const control = await Control.open({
    link: openServiceLink({ url, nodeId, token }),
    folder,
    targetLog: 'domain',
    log: silentLog,
    registration: () => ({
      version: '1',
      entry_host: null,
      ports: { ...range, ...(opened.fixture?.plane.ports ?? { http: 1, socks: 1 }) },
      exits,
      allowed: [],
    }),
    connections: () => 0,
    onDrain: () => undefined,
    onRefused: () => undefined,
  });
  const fixture = new NodeFixture(
    { ...plane, rights: control.rights, meter: control.meter, events: control.events, checkKeys: control.checkKeys },
    { isPeer: (address) => control.isPeer(address) },
  );
  opened.fixture = fixture;
  await fixture.open();
  control.start();
  await control.ready;
  return {
    control,
    fixture,
    close: async () => {
      await fixture.close();
      await control.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
