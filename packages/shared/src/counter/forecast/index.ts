// What will be due, and how many there are. See README.md.
export { forecastRenewals, type ForecastSource } from './renewals';
export { summaryEndpoint, type Summary } from './summary';
