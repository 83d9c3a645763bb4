// Forecast and summary: future renewals, and counts. See README.md.
export { forecastRenewals, type ForecastSource } from './renewals';
export { summaryEndpoint, type Summary } from './summary';
