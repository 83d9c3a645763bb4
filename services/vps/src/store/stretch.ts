/**
 * What one payment bought: a number of months, the days they were, and the price (1/10,000 USD as text) on the server's
 * present plan.
 */
export interface Stretch {
  readonly months: number;
  readonly days: number;
  readonly price: string;
}
