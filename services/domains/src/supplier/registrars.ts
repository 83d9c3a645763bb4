// Selects the registrar: by the TLD for new names, by its id for existing names.
import { countedSupplier } from '@lumi/shared/monitoring';
import type { Tld } from '../catalogue/catalogue';
import type { NameCheck, Registrar } from './registrar';

const CHECK_LIMIT_MS = 5_000;

export class Registrars {
  private readonly byId: ReadonlyMap<string, Registrar>;

  constructor(registrars: readonly Registrar[]) {
    this.byId = new Map(registrars.map((one) => [one.id, countedSupplier('domains', one.id, one)]));
  }

  get(id: string): Registrar {
    const found = this.byId.get(id);
    if (found === undefined) throw new Error(`no registrar ${id} is configured`);
    return found;
  }

  /** One check per registrar. Names are `unknown` when their registrar did not answer. The map has every name. */
  async check(
    names: readonly { readonly name: string; readonly tld: Tld }[],
    limitMs = CHECK_LIMIT_MS,
  ): Promise<ReadonlyMap<string, NameCheck>> {
    const groups = new Map<string, { readonly name: string }[]>();
    for (const one of names) {
      const group = groups.get(one.tld.registrar);
      if (group === undefined) groups.set(one.tld.registrar, [one]);
      else group.push(one);
    }
    const answers = await Promise.all(
      [...groups].map(([id, group]) =>
        this.checkAt(
          id,
          group.map(({ name }) => name),
          limitMs,
        ),
      ),
    );
    return new Map(answers.flat().map((answer) => [answer.name, answer]));
  }

  private async checkAt(id: string, names: readonly string[], limitMs: number): Promise<readonly NameCheck[]> {
    try {
      return await this.get(id).check(names, AbortSignal.timeout(limitMs));
    } catch {
      // Every failure becomes `unknown`; the caller may ask again.
      return names.map((name) => ({ name, status: 'unknown', premium: false, fees: null }));
    }
  }
}
