import { formatFull, formatNumber, formatSigned } from './format.ts';

/** Three significant digits, all of them on hover. */
export function Num({ value, signed = false }: { value: number; signed?: boolean }) {
  return (
    <span className="num" title={formatFull(value)}>
      {signed ? formatSigned(value) : formatNumber(value)}
    </span>
  );
}
