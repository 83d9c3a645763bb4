import { contractOf } from './contract-of';
import { PROXY } from './recipes-proxy';

jest.setTimeout(60_000);
describe('the contract of proxies', () => contractOf('proxy', PROXY));
