export { countryCodes, countryField } from './country';
export { isPostalCode, usesPostalCodes } from './postal-code';
