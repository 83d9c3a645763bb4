// How to call each operation of the hosting API so that it succeeds.
import { sharedRecipes } from './recipes-shared';
import { action, buy, confirmedSnapshot, held, id, publicKey, snapshot, sshKey, wish } from './things-of-vps';
import type { Recipes } from './world';

export const VPS: Recipes = {
  ...sharedRecipes({
    path: '/servers',
    body: (world) => wish(world),
    undecided: (world) => wish(world, 'sandbox-never'),
    untold: (world) => wish(world, 'sandbox-timeout-after'),
    bulkPath: '/servers/bulk',
    item: (world) => wish(world),
    failing: (world) => ({ ...wish(world), plan_id: 'd16', locations: ['sin'] }),
  }),
  'list-locations': { call: () => ({}) },
  'list-plans': { call: () => ({}) },
  'get-plan': { isCatalogue: true, call: () => ({ params: { id: 's1' } }) },
  'list-images': { call: () => ({}) },
  'list-ssh-keys': {
    call: async (world) => {
      await sshKey(world);
      return {};
    },
  },
  'create-ssh-key': { call: (world) => ({ body: { name: 'laptop', public_key: publicKey(world) } }) },
  'get-ssh-key': { call: sshKey },
  'update-ssh-key': { call: async (world) => ({ ...(await sshKey(world)), body: { name: 'old laptop' } }) },
  'delete-ssh-key': { call: sshKey },
  'create-quote': {
    call: (world) => ({ body: { operation: 'create', items: [wish(world)] } }),
    also: [
      {
        what: 'of an upgrade',
        call: async (world) => ({
          body: { operation: 'resize', items: [{ server_id: (await buy(world)).id, plan_id: 's2' }] },
        }),
        status: 201,
      },
    ],
  },
  'get-quote': {
    call: async (world) => ({
      params: {
        quote_id: (await world.send<{ id: string }>('POST', '/quotes', { operation: 'create', items: [wish(world)] }))
          .id,
      },
    }),
  },
  'list-servers': {
    call: async (world) => {
      await held(world);
      return {};
    },
  },
  'create-server': {
    status: 202,
    call: (world) => ({ body: { ...wish(world), max_price_usd: '4.00', tags: ['shop'], reference: 'r-1' } }),
    also: [
      { what: 'refused', call: (world) => ({ body: wish(world, 'sandbox-refused') }), status: 502 },
      { what: 'too dear', call: (world) => ({ body: { ...wish(world), max_price_usd: '0.10' } }), status: 409 },
      {
        what: 'sold out',
        call: (world) => ({ body: { ...wish(world), plan_id: 'd16', locations: ['sin'] } }),
        status: 409,
      },
    ],
  },
  'bulk-servers': {
    status: 202,
    call: (world) => ({ headers: { prefer: 'respond-async' }, body: { items: [wish(world)], on_error: 'continue' } }),
    also: [
      {
        what: 'with one that fails',
        call: (world) => ({ body: { items: [{ ...wish(world), plan_id: 'd16', locations: ['sin'] }, {}] } }),
        status: 200,
      },
    ],
  },
  'bulk-renew-servers': {
    status: 200,
    call: async (world) => {
      const server = await buy(world);
      return { body: { items: [{ server_id: server.id, current_expires_at: server.expires_at }] } };
    },
  },
  'summarize-servers': {
    call: async (world) => {
      await held(world);
      return {};
    },
  },
  'bulk-server-actions': {
    call: async (world) => ({ body: { action: 'reboot', server_ids: [(await buy(world)).id] } }),
    also: [
      {
        what: 'nobody’s',
        call: () => ({ body: { action: 'reboot', server_ids: [`srv_${'0'.repeat(24)}`] } }),
        status: 200,
      },
    ],
  },
  'get-server': { call: (world) => id(held(world)) },
  'sync-server': { call: (world) => id(buy(world)) },
  'sync-servers': {
    call: async (world) => {
      await held(world);
      return {};
    },
  },
  'update-server': {
    call: async (world) => ({
      ...(await id(held(world))),
      body: { label: 'shop', tags: ['shop'], reference: 'r-1', metadata: { team: 'a' } },
    }),
  },
  'delete-server': {
    ...action(({ hostname }) => ({ when: 'now', confirm: hostname })),
    also: [
      {
        what: 'at the end of the period',
        call: async (world) => {
          const server = await buy(world);
          return { params: { id: server.id }, body: { when: 'period_end', confirm: server.hostname } };
        },
        status: 200,
      },
    ],
  },
  'undelete-server': {
    status: 202,
    call: async (world) => {
      const server = await buy(world);
      await world.send('DELETE', `/servers/${server.id}`, { when: 'now', confirm: server.hostname });
      await world.settle();
      return { params: { id: server.id } };
    },
    also: [{ what: 'nothing to take back', call: (world) => id(held(world)), status: 409 }],
  },
  'renew-server': {
    status: 200,
    call: async (world) => {
      const server = await buy(world);
      return { params: { id: server.id }, body: { current_expires_at: server.expires_at } };
    },
    also: [
      {
        what: 'another expiry',
        call: async (world) => ({ ...(await id(held(world))), body: { current_expires_at: '2020-01-01T00:00:00Z' } }),
        status: 409,
      },
    ],
  },
  'list-upgrades': { call: (world) => id(held(world)) },
  'resize-server': {
    ...action(() => ({ plan_id: 's2' })),
    also: [
      {
        what: 'planned for the next period',
        call: async (world) => ({ ...(await id(buy(world))), body: { plan_id: 's2', when: 'next_period' } }),
        status: 200,
      },
      {
        what: 'the plan it has',
        call: async (world) => ({ ...(await id(held(world))), body: { plan_id: 's1' } }),
        status: 422,
      },
    ],
  },
  'cancel-next-period': {
    call: async (world) => {
      const server = await buy(world);
      await world.pay(`/servers/${server.id}/actions/resize`, { plan_id: 's2', when: 'next_period' });
      return { params: { id: server.id } };
    },
  },
  'start-server': {
    status: 202,
    call: async (world) => {
      const server = await buy(world);
      await world.send('POST', `/servers/${server.id}/actions/stop`);
      await world.settle();
      return { params: { id: server.id } };
    },
  },
  'stop-server': {
    ...action(),
    also: [
      {
        what: 'busy',
        call: async (world) => {
          const server = await buy(world);
          await world.send('POST', `/servers/${server.id}/actions/reboot`);
          return { params: { id: server.id } };
        },
        status: 409,
      },
    ],
  },
  'shutdown-server': action(),
  'reboot-server': action(),
  'reset-server': action(),
  'rebuild-server': action(({ hostname }) => ({ image_id: 'debian-12', confirm: hostname })),
  'reset-password': action(),
  'set-rdns': {
    status: 202,
    call: async (world) => {
      const server = await buy(world);
      return {
        params: { id: server.id, ip: server.ips.find(({ version }) => version === 4)?.ip ?? '' },
        body: { ptr: 'web-1.example.com' },
      };
    },
  },
  'get-suspension': {
    call: async (world) => {
      const server = await buy(world);
      await world.administer('POST', `/admin/servers/${server.id}/suspend`, {
        kind: 'operator',
        reason: 'Under review.',
      });
      return { params: { id: server.id } };
    },
  },
  'suspend-server': action(() => ({ kind: 'abuse', reason: 'Port scans.' })),
  'unsuspend-server': {
    status: 202,
    call: async (world) => {
      const server = await buy(world);
      await world.administer('POST', `/admin/servers/${server.id}/suspend`, {
        kind: 'traffic',
        reason: 'Far more than was agreed.',
      });
      await world.settle();
      return { params: { id: server.id } };
    },
    also: [{ what: 'not suspended', call: (world) => id(held(world)), status: 409 }],
  },
  'list-snapshots': { call: async (world) => ({ params: { id: (await snapshot(world)).params?.['id'] ?? '' } }) },
  'create-snapshot': action(() => ({ name: 'before upgrade' })),
  'get-snapshot': { call: snapshot },
  'sync-snapshot': { call: snapshot },
  'sync-snapshots': { call: async (world) => ({ params: { id: (await snapshot(world)).params?.['id'] ?? '' } }) },
  'delete-snapshot': { status: 202, call: confirmedSnapshot },
  'restore-snapshot': { status: 202, call: confirmedSnapshot },
};
