import { contractOf } from './contract-of';
import { VPS } from './recipes-vps';

jest.setTimeout(60_000);
describe('the contract of hosting', () => contractOf('vps', VPS));
