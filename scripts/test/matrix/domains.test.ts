import { DOMAINS } from '../contract/recipes-domains';
import { matrixOf } from './matrix-of';

jest.setTimeout(60_000);
describe('who may not do what with domains', () => matrixOf('domains', DOMAINS));
