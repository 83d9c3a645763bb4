import { PROXY } from '../contract/recipes-proxy';
import { matrixOf } from './matrix-of';

jest.setTimeout(60_000);
describe('who may not do what with proxy', () => matrixOf('proxy', PROXY));
