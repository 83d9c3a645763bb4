// The dependencies of the endpoints and loops of this service. Only wiring.ts builds them.
import type { Service } from '@lumi/shared/service';
import type { Catalogue } from './catalogue/catalogue';
import type { PrismaClient } from './generated/db/client';
import type { Registrars } from './supplier/registrars';

export interface DomainsDeps {
  readonly service: Service;
  readonly db: PrismaClient;
  readonly catalogue: Catalogue;
  readonly registrars: Registrars;
}
