/** How values of DICOM and of the contracts are written for people. */

const BYTES = ['B', 'kB', 'MB', 'GB', 'TB'];
const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** PN "Yamada^Tarou=山田^太郎" → "Yamada, Tarou (山田, 太郎)". */
export function personName(value: string): string {
  const groups = value
    .split('=')
    .map(group => {
      const [family = '', given = '', middle = '', prefix = '', suffix = ''] = group.split('^').map(part => part.trim());
      const first = [prefix, given, middle].filter(Boolean).join(' ');
      return [family, first, suffix].filter(Boolean).join(', ');
    })
    .filter(Boolean);
  return groups.length > 1 ? `${groups[0]} (${groups.slice(1).join(', ')})` : (groups[0] ?? '');
}

/** DA "20240131" → "2024-01-31"; anything else as it is. */
export function dicomDate(value: string): string {
  return /^\d{8}$/.test(value) ? `${value.slice(0, 4)}-${value.slice(4, 6)}-${value.slice(6)}` : value;
}

/** TM "093015.25" → "09:30". */
export function dicomTime(value: string): string {
  return /^\d{4}/.test(value) ? `${value.slice(0, 2)}:${value.slice(2, 4)}` : '';
}

/** Decimal units, as file managers show them. */
export function bytes(value: number | string): string {
  let size = Number(value);
  let unit = 0;
  while (size >= 1000 && unit < BYTES.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${BYTES[unit]}`;
}

export function time(value: string | undefined): string {
  return value ? dateTime.format(new Date(value)) : '';
}

export function count(value: number, one: string, many = `${one}s`): string {
  return `${value.toLocaleString()} ${value === 1 ? one : many}`;
}

/** "INFER_TYPE_SEGMENTATION" → "Segmentation". */
export function enumName(value: string | undefined, prefix: string): string {
  const name = (value ?? '').replace(prefix, '').replaceAll('_', ' ').toLowerCase();
  return name.charAt(0).toUpperCase() + name.slice(1);
}

export const ROLE_NAMES: Record<string, string> = {
  ROLE_HEALTH_PROFESSIONAL: 'Health professional',
  ROLE_RESEARCHER: 'Researcher',
  ROLE_ADMINISTRATOR: 'Administrator',
};
