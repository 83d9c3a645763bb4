// How to call each operation of the domains API so that it succeeds.
import { DAY_MS } from '@lumi/shared/times';
import { sharedRecipes } from './recipes-shared';
import { ZONES } from './recipes-zones';
import type { Recipes } from './world';
import {
  name,
  quote,
  buy,
  expiry,
  held,
  PERSON,
  withHost,
  moving,
  contact,
  DS,
  buyUnlocked,
  withContact,
} from './things-of-domains';

export const DOMAINS: Recipes = {
  ...ZONES,
  ...sharedRecipes({
    path: '/domains',
    body: (world) => ({ domain: name(world) }),
    undecided: (world) => ({ domain: name(world, 'timeout-before') }),
    bulkPath: '/domains/bulk',
    item: (world) => ({ domain: name(world) }),
    failing: (world) => ({ domain: name(world, 'taken') }),
    untold: (world) => ({ domain: name(world, 'timeout-after-success') }),
  }),
  'list-tlds': { call: () => ({ query: { limit: '3' } }) },
  'get-tld': { isCatalogue: true, call: () => ({ params: { tld: 'com' } }) },
  'list-price-changes': { call: () => ({ query: { limit: '3' } }) },
  'get-tld-requirements': { isCatalogue: true, call: () => ({ params: { tld: 'de' } }) },
  'check-domain': { call: () => ({ query: { domain: 'example.com' } }) },
  'check-domains': {
    call: () => ({
      body: { domains: ['free-of-all.test', 'taken.test', 'premium.test', 'check-fails.test', 'münchen.de'], years: 1 },
    }),
  },
  'suggest-domains': { call: () => ({ body: { query: 'blue bakery', tlds: ['test', 'com'], limit: 5 } }) },
  'create-quote': {
    call: (world) => ({ body: { operation: 'register', items: [{ domain: name(world), years: 1 }] } }),
    also: [
      {
        what: 'of a renewal',
        call: async (world) => ({ body: { operation: 'renew', items: [{ ...(await held(world)), years: 1 }] } }),
        status: 201,
      },
    ],
  },
  'get-quote': { call: async (world) => ({ params: { quote_id: (await quote(world)).id } }) },
  'bulk-buy-domains': {
    status: 200,
    call: (world) => ({
      body: {
        items: [{ domain: name(world), years: 1, max_price_usd: '5.00', ref: 'order-17' }],
        on_error: 'continue',
      },
    }),
    also: [
      {
        what: 'later',
        call: (world) => ({ headers: { prefer: 'respond-async' }, body: { items: [{ domain: name(world) }] } }),
        status: 202,
      },
      {
        what: 'with one that fails',
        call: (world) => ({ body: { items: [{ domain: name(world, 'taken') }, {}] } }),
        status: 200,
      },
    ],
  },
  'bulk-renew-domains': {
    status: 200,
    call: async (world) => {
      const one = await buy(world);
      return { body: { items: [{ ...one, years: 1, current_expires_at: await expiry(world, one) }] } };
    },
  },
  'summarize-domains': {
    call: async (world) => {
      await held(world);
      return {};
    },
  },
  'list-domains': {
    call: async (world) => {
      await held(world);
      return {};
    },
  },
  'buy-domain': {
    status: 201,
    call: (world) => ({ body: { domain: name(world), years: 1, auto_renew: false, max_price_usd: '5.00' } }),
    also: [
      { what: 'pending', call: (world) => ({ body: { domain: name(world, 'pending-then-done') } }), status: 202 },
      { what: 'taken', call: (world) => ({ body: { domain: name(world, 'taken') } }), status: 409 },
      { what: 'refused', call: (world) => ({ body: { domain: name(world, 'refused') } }), status: 502 },
      { what: 'too dear', call: (world) => ({ body: { domain: name(world), max_price_usd: '0.10' } }), status: 409 },
      {
        what: 'without contacts',
        call: (world) => ({ body: { domain: `${world.fresh('contract')}.io` } }),
        status: 422,
      },
      {
        what: 'with contacts',
        call: (world) => ({
          body: { domain: `${world.fresh('contract-person')}.io`, contacts: { registrant: PERSON } },
        }),
        status: 201,
      },
    ],
  },
  'sync-domain': { call: async (world) => ({ params: await buy(world) }) },
  'sync-domains': {
    call: async (world) => {
      await held(world);
      return {};
    },
  },
  'sync-hosts': { call: async (world) => ({ params: { domain: (await withHost(world)).domain } }) },
  'sync-host': { atSupplier: ['host'], call: async (world) => ({ params: await withHost(world) }) },
  'sync-transfer': { call: async (world) => ({ params: await moving(world) }) },
  'sync-transfers': {
    call: async (world) => {
      await moving(world);
      return {};
    },
  },
  'sync-contact': { call: async (world) => ({ params: await contact(world) }) },
  'sync-contacts': {
    call: async (world) => {
      await contact(world);
      return {};
    },
  },
  'bulk-update-domains': {
    call: async (world) => ({ body: { domains: [(await held(world)).domain], set: { tags: ['shop'] } } }),
    also: [
      {
        what: 'preview',
        call: () => ({ body: { filter: { tag: 'shop' }, set: { locked: true }, preview: true } }),
        status: 200,
      },
      {
        what: 'a foreign one',
        call: () => ({ body: { domains: ['nobodys.test'], set: { locked: true } } }),
        status: 200,
      },
    ],
  },
  'get-domain': { call: async (world) => ({ params: await held(world) }) },
  'update-domain': {
    call: async (world) => ({
      params: await held(world),
      body: { locked: true, tags: ['shop'], reference: 'r-1', metadata: { team: 'a' } },
    }),
  },
  'delete-domain': {
    call: async (world) => {
      const one = await buy(world);
      return { params: one, body: { when: 'at_expiry', confirm: one.domain } };
    },
    also: [
      {
        what: 'now',
        call: async (world) => {
          const one = await buy(world);
          return { params: one, body: { when: 'now', confirm: one.domain } };
        },
        status: 200,
      },
    ],
  },
  'renew-domain': {
    status: 200,
    atSupplier: ['current_expires_at'],
    call: async (world) => {
      const one = await buy(world);
      return { params: one, body: { years: 1, current_expires_at: await expiry(world, one) } };
    },
    also: [
      {
        what: 'unknown outcome',
        call: async (world) => {
          const one = await buy(world, 'renew-timeout-after-success');
          return { params: one, body: { years: 1, current_expires_at: await expiry(world, one) } };
        },
        status: 202,
      },
      {
        what: 'another expiry',
        call: async (world) => ({
          params: await held(world),
          body: { years: 1, current_expires_at: '2020-01-01T00:00:00Z' },
        }),
        status: 409,
      },
    ],
  },
  'restore-domain': {
    status: 200,
    call: async (world) => {
      const one = await buy(world);
      await world.lumi.passTime(30 * DAY_MS); // past the days in which a deletion is immediate
      await world.send('DELETE', `/domains/${one.domain}`, { when: 'now', confirm: one.domain });
      return { params: one, body: { max_price_usd: '90.00' } };
    },
    also: [
      {
        what: 'nothing to restore',
        call: async (world) => ({ params: await held(world), body: { max_price_usd: '90.00' } }),
        status: 409,
      },
    ],
  },
  'set-nameservers': {
    call: async (world) => ({
      params: await held(world),
      body: { nameservers: ['ns1.example.net', 'ns2.example.net'] },
    }),
  },
  'get-dnssec': { call: async (world) => ({ params: await held(world) }) },
  'set-dnssec': { call: async (world) => ({ params: await held(world), body: DS }) },
  'list-hosts': { call: async (world) => ({ params: { domain: (await withHost(world)).domain } }) },
  'get-host': { call: async (world) => ({ params: await withHost(world) }) },
  'set-host': {
    open: ['host'],
    call: async (world) => {
      const { domain } = await held(world);
      return { params: { domain, host: `ns1.${domain}` }, body: { ips: ['192.0.2.53', '2001:db8::53'] } };
    },
  },
  'delete-host': { call: async (world) => ({ params: await withHost(world, await buy(world)) }) },
  'check-transfer': {
    call: (world) => ({ body: { domain: name(world, 'elsewhere') } }),
    also: [{ what: 'not elsewhere', call: (world) => ({ body: { domain: name(world) } }), status: 200 }],
  },
  'list-transfers': {
    call: async (world) => {
      await moving(world);
      return {};
    },
  },
  'transfer-domain': {
    status: 202,
    atSupplier: ['auth_code'],
    call: (world) => ({ body: { domain: name(world, 'elsewhere'), auth_code: 'right-code', max_price_usd: '5.00' } }),
    also: [
      {
        what: 'wrong code',
        call: (world) => ({ body: { domain: name(world, 'elsewhere'), auth_code: 'wrong-code' } }),
        status: 422,
      },
    ],
  },
  'get-transfer': { call: async (world) => ({ params: await moving(world) }) },
  'cancel-transfer': { call: async (world) => ({ params: await moving(world) }) },
  'create-auth-code': { call: async (world) => ({ params: await buyUnlocked(world), body: { ttl_hours: 72 } }) },
  'revoke-auth-code': {
    call: async (world) => {
      const one = await buyUnlocked(world);
      await world.send('POST', `/domains/${one.domain}/auth-code`, {});
      return { params: one };
    },
  },
  'get-domain-contacts': { call: async (world) => ({ params: await withContact(world) }) },
  'set-domain-contacts': {
    call: async (world) => ({ params: await withContact(world), body: { admin: (await contact(world)).id } }),
  },
  'list-contacts': {
    call: async (world) => {
      await contact(world);
      return {};
    },
  },
  'create-contact': { call: () => ({ body: PERSON }) },
  'get-contact': { call: async (world) => ({ params: await contact(world) }) },
  'update-contact': { call: async (world) => ({ params: await contact(world), body: { email: 'new@example.com' } }) },
  'delete-contact': { call: async (world) => ({ params: await contact(world) }) },
};
