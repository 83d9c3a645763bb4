// Shared by the lists of all products. See README.md.
export {
  accountOf,
  instantOf,
  thingConditions,
  thingFilterFields,
  whereAll,
  type ThingColumns,
  type ThingFilter,
} from './conditions';
export { csvOf, type CsvCell } from './csv';
export { Sorting, type SortColumn, type SortedRow } from './sorting';
export { pageOfWhole } from './whole-list';
