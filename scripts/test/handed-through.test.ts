// The settings that `npm start` passes from its own environment to the processes: each of them arrives with the value
// that the caller chose, whatever the launcher itself sets.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');
const PRODUCTS = ['domains', 'vps', 'proxy'] as const;

type Env = Readonly<Record<string, string>>;
interface Seen {
  readonly names: Readonly<Record<'all' | 'gateway' | 'product' | 'proxy', string[]>>;
  readonly processes: Readonly<Record<string, Env>>;
}

describe('a setting of the caller', () => {
  const chosen = (name: string) => `chosen for ${name}`;
  let seen: Seen;

  beforeAll(() => {
    const { names } = ask({});
    const own = PRODUCTS.map((product) => `${product.toUpperCase()}_OWN_SETTING`);
    const all = [...names.all, ...names.gateway, ...names.product, ...names.proxy, ...own];
    seen = ask(Object.fromEntries(all.map((name) => [name, chosen(name)])));
  });

  it('reaches every process that it is for, with the value that was chosen', () => {
    const { names, processes } = seen;
    expect(names.product).toContain('SANDBOX_PAYMENTS');
    const wanted = {
      gateway: [...names.all, ...names.gateway],
      'proxy-node': [...names.all, 'PROXY_OWN_SETTING'],
      ...Object.fromEntries(
        PRODUCTS.flatMap((product) => {
          const own = [...(product === 'proxy' ? names.proxy : []), `${product.toUpperCase()}_OWN_SETTING`];
          const settings = [...names.all, ...names.product, ...own];
          return [
            [product, settings],
            [`${product}-worker`, settings],
          ];
        }),
      ),
    };
    expect(Object.keys(processes).sort()).toEqual(Object.keys(wanted).sort());
    for (const [process, settings] of Object.entries(wanted))
      expect([process, only(processes[process], settings)]).toEqual([
        process,
        Object.fromEntries(settings.map((name) => [name, chosen(name)])),
      ]);
  });

  it('of one product is not seen by the others, and settings of the gateway by no product', () => {
    const { names, processes } = seen;
    const vps = Object.keys(processes['vps'] ?? {});
    expect(vps).not.toContain('DOMAINS_OWN_SETTING');
    expect(names.gateway.filter((name) => vps.includes(name))).toEqual([]);
    expect(Object.keys(processes['gateway'] ?? {})).not.toContain('VPS_OWN_SETTING');
    // It would refuse what only services have.
    const ofServices = [...names.product, ...names.proxy];
    expect(ofServices.filter((name) => name in (processes['proxy-node'] ?? {}))).toEqual([]);
    expect(names.proxy.filter((name) => name in (processes['vps'] ?? {}))).toEqual([]);
  });

  it('that is not chosen leaves the sandbox with its test money', () => {
    expect(ask({}).processes['domains']?.['SANDBOX_PAYMENTS']).toBe('true');
  });
});

function only(env: Env | undefined, names: readonly string[]): Record<string, string | undefined> {
  return Object.fromEntries(names.map((name) => [name, env?.[name]]));
}

/** The launcher is ES modules, so it is asked in a process of its own. */
function ask(env: Env): Seen {
  const script = `
    import { HANDED_THROUGH, readOptions } from './packages/launcher/src/options.mjs';
    import { PRODUCTS, gateway, proxyNode, service, worker } from './packages/launcher/src/processes.mjs';
    const root = process.cwd();
    const options = readOptions(JSON.parse(process.argv[1]), root);
    const serviceUrls = { domains: 'http://d', vps: 'http://v', proxy: 'http://p' };
    const known = {
      options, port: 1, secrets: {}, serviceUrls, urlOf: (role) => role,
      publicUrl: 'http://l', cryptoPayUrl: 'http://c',
    };
    const shared = Promise.resolve(known);
    const all = [
      gateway({ root, known: shared }),
      proxyNode({ root, known: shared }),
      ...PRODUCTS.flatMap((product) => [service(product, { root, shared }), worker(product, known)]),
    ];
    const processes = {};
    for (const { name, env } of all) processes[name] = await env;
    console.log(JSON.stringify({ names: HANDED_THROUGH, processes }));`;
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script, JSON.stringify(env)], {
    cwd: root,
    encoding: 'utf8',
  });
  return JSON.parse(printed) as Seen; // printed by the script above
}
