import { contractOf } from './contract-of';
import { DOMAINS } from './recipes-domains';

jest.setTimeout(60_000);
describe('the contract of domains', () => contractOf('domains', DOMAINS));
