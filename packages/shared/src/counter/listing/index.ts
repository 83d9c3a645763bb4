// Shared by the lists of all products. See README.md.
export {
  accountOf,
  instantOf,
  thingFilterFields,
  whereAll,
  whereThings,
  within,
  type ThingTable,
  type ThingFilter,
} from './conditions';
export { csvOf, type CsvCell } from './csv';
export { Sorting, type SortColumn, type SortedPage, type SortedRow } from './sorting';
export { bySeq, pageOfRows, type RowPage } from './row-list';
export { pageOfWhole } from './whole-list';
