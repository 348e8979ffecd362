/** Numbers as the screens show them: three significant digits (whole numbers whole), a true minus, thin groups in integers. */

const MINUS = '−';
const TINY = 1e-4;
const HUGE = 1e6;

export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : `${MINUS}∞`;
  if (value === 0) return '0';
  const size = Math.abs(value);
  const text = size < TINY || size >= HUGE ? value.toExponential(2).replace('e+', 'e') : fixed(value);
  return text.replaceAll('-', MINUS);
}

function fixed(value: number): string {
  const rounded = Number(value.toPrecision(3));
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(rounded))));
  return value.toFixed(decimals);
}

/** 87.3 %: a share, to a tenth of a percent. */
export function formatPercent(share: number): string {
  if (!Number.isFinite(share)) return formatNumber(share);
  return `${(100 * share).toFixed(1).replace('-', MINUS)}\u202F%`;
}

/** With its sign always written, for changes. */
export function formatSigned(value: number): string {
  return value > 0 ? `+${formatNumber(value)}` : formatNumber(value);
}

/** Every digit of a float32 that means something. */
export function formatFull(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(9))).replaceAll('-', MINUS) : formatNumber(value);
}

export function formatInteger(value: number): string {
  return Math.trunc(value)
    .toString()
    .replace(/\B(?=(\d{3})+(?!\d))/g, '\u202F');
}

export function formatBytes(bytes: number): string {
  if (bytes < 1e3) return `${bytes} bytes`;
  if (bytes < 1e6) return `${formatNumber(bytes / 1e3)} kB`;
  return bytes < 1e9 ? `${formatNumber(bytes / 1e6)} MB` : `${formatNumber(bytes / 1e9)} GB`;
}

/** 8.93 M and the like. */
export function formatCount(count: number): string {
  if (count < 1e4) return formatInteger(count);
  return count < 1e6 ? `${formatNumber(count / 1e3)} k` : `${formatNumber(count / 1e6)} M`;
}
