// How to call each operation of zones so that it succeeds.
import { buy } from './things-of-domains';
import type { Recipes, World } from './world';

const zoneOf = async (world: World): Promise<{ zone: string }> => {
  const { domain } = await buy(world, 'zone');
  await world.send('POST', '/zones', { zone: domain });
  return { zone: domain };
};
/** For calls that only read. */
const heldZone = (world: World): Promise<{ zone: string }> =>
  world.once('zone', async () => {
    const held = await zoneOf(world);
    await world.send('PUT', `/zones/${held.zone}/rrsets/www/A`, { values: ['192.0.2.1', '192.0.2.2'] });
    return held;
  });
const recordOf = async (world: World): Promise<{ zone: string; id: string }> => {
  const zone = await zoneOf(world);
  const { id } = await world.send<{ id: string }>('POST', `/zones/${zone.zone}/records`, RECORD);
  return { ...zone, id };
};
const RECORD = { name: 'www', type: 'A', content: '192.0.2.1', ttl: 300 };
const SETS = [
  { type: 'A', content: '192.0.2.1' },
  { type: 'TXT', content: '"text"' },
  { type: 'MX', content: '10 @' },
  { type: 'CAA', content: '0 issue "ca.example"' },
] as const;
const worlds: World[] = [];
/** No two customers of a file have sets of one name or of one type. */
const setOf = async (world: World): Promise<{ zone: string; name: string; type: string }> => {
  if (!worlds.includes(world)) worlds.push(world);
  const { type, content } = SETS[worlds.indexOf(world) % SETS.length] ?? SETS[0];
  const { zone } = await zoneOf(world);
  const name = world.fresh('www');
  await world.send('PUT', `/zones/${zone}/rrsets/${name}/${type}`, { values: [content] });
  return { zone, name, type };
};

export const ZONES: Recipes = {
  'list-zones': { call: async (world) => ({ query: { limit: (await heldZone(world), '2') } }) },
  'create-zone': { status: 201, call: async (world) => ({ body: { zone: (await buy(world, 'zone')).domain } }) },
  'get-zone': { call: async (world) => ({ params: await heldZone(world) }) },
  'delete-zone': { call: async (world) => ({ params: await zoneOf(world) }) },
  'list-zone-records': { call: async (world) => ({ params: await heldZone(world), query: { limit: '1' } }) },
  'create-zone-record': { status: 201, call: async (world) => ({ params: await zoneOf(world), body: RECORD }) },
  'get-zone-record': { call: async (world) => ({ params: await recordOf(world) }) },
  'update-zone-record': {
    call: async (world) => ({ params: await recordOf(world), body: { content: '192.0.2.7', comment: 'web' } }),
  },
  'delete-zone-record': { call: async (world) => ({ params: await recordOf(world) }) },
  'get-record-set': { call: async (world) => ({ params: await setOf(world) }) },
  'set-record-set': {
    open: ['name', 'type'],
    call: async (world) => ({
      params: { ...(await zoneOf(world)), name: 'www', type: 'A' },
      body: { ttl: 300, values: ['192.0.2.1'] },
    }),
  },
  'delete-record-set': { call: async (world) => ({ params: await setOf(world) }) },
  'change-zone': { call: async (world) => ({ params: await zoneOf(world), body: { creates: [RECORD] } }) },
  'import-zone': {
    call: async (world) => ({
      params: await zoneOf(world),
      body: { content: 'www 300 IN A 192.0.2.1\n', mode: 'merge' },
    }),
  },
  'export-zone': { call: async (world) => ({ params: await heldZone(world) }) },
  'list-zone-snapshots': { call: async (world) => ({ params: await heldZone(world), query: { limit: '1' } }) },
  'restore-zone': {
    call: async (world) => {
      const { zone } = await recordOf(world);
      const { items } = await world.get<{ items: { id: string }[] }>(`/zones/${zone}/snapshots`);
      return { params: { zone, id: items.at(-1)?.id ?? '' }, body: { reason: 'back to the beginning' } };
    },
  },
};
