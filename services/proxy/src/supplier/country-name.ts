const names = new Intl.DisplayNames(['en'], { type: 'region' });

/** The English name of a country; its code where there is none. */
export function nameOfCountry(country: string): string {
  return names.of(country) ?? country;
}
