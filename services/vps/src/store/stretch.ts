/**
 * What one payment bought: so many months, which were so many days, at this price (1/10,000 USD as text) on the plan
 * the server has now.
 */
export interface Stretch {
  readonly months: number;
  readonly days: number;
  readonly price: string;
}
