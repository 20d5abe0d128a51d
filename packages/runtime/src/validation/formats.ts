/** The formats of the language, each a linear-time test. */
export const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  // RFC 5321 without quoted local parts: what mail systems accept in practice.
  email: (text) => text.length <= 254 && /^[^\s@"(),:;<>[\\\]]{1,64}@[^\s@.]+(?:\.[^\s@.]+)+$/.test(text),
  uri: (text) => /^[a-z][a-z0-9+.-]*:/i.test(text) && URL.canParse(text),
  hostname: (text) =>
    text.length <= 253 &&
    text.split('.').every((label) => /^(?!-)[a-z0-9-]{1,63}$/i.test(label) && !label.endsWith('-')),
  uuid: (text) => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text),
  slug: (text) => /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(text),
  // E.164
  phone: (text) => /^\+[1-9]\d{6,14}$/.test(text),
  ipv4: (text) => /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/.test(text),
  ipv6: (text) => text.includes(':') && URL.canParse(`http://[${text}]/`),
  color: (text) => /^#(?:[0-9a-f]{3}|[0-9a-f]{4}|[0-9a-f]{6}|[0-9a-f]{8})$/i.test(text),
}
