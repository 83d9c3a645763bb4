export { countryField } from './country';
export { isPostalCode, usesPostalCodes } from './postal-code';
