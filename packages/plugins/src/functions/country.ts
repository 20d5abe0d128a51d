/** Countries by ISO 3166-1, as telephone numbers need them. */
import { type CountryCode, isSupportedCountry } from 'libphonenumber-js/min'
import * as v from 'valibot'

export const country: v.GenericSchema<unknown, CountryCode> = v.pipe(
  v.string(),
  v.custom<CountryCode>(
    (text) => typeof text === 'string' && isSupportedCountry(text),
    'Expected a country by its two capital letters, as AT',
  ),
)
