import { useRef, useState, type KeyboardEvent } from 'react';
import { formatFull, formatNumber, formatSigned } from '../charts/format.ts';
import { Num } from '../charts/Num.tsx';
import { TokenText } from '../charts/TokenText.tsx';
import { glyphText, isPartial } from '../core/lm/glyphs.ts';
import type { PredictionRow } from '../state/selectors.ts';

export interface PredictionTableProps {
  rows: readonly PredictionRow[];
  compared: boolean;
  /** A probability missing from a list is at most this. */
  floors: { before: number; after: number };
  /** Absent when a choice would mean nothing. */
  onChoose?: (row: PredictionRow) => void;
}

/** Rows are one tab stop: up and down move, Enter chooses, the line below holds every digit. */
export function PredictionTable({ rows, compared, floors, onChoose }: PredictionTableProps) {
  const [at, setAt] = useState(0);
  const [detailed, setDetailed] = useState<number | null>(null);
  const body = useRef<HTMLTableSectionElement>(null);
  const cursor = Math.min(at, rows.length - 1);
  const top = Math.max(...rows.map((r) => Math.max(r.before ?? 0, r.after ?? 0)));
  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Record<string, number> = { ArrowDown: cursor + 1, ArrowUp: cursor - 1, Home: 0, End: rows.length - 1 };
    const next = moves[event.key];
    if (next !== undefined) {
      event.preventDefault();
      const to = Math.max(0, Math.min(rows.length - 1, next));
      setAt(to);
      setDetailed(to);
      (body.current?.rows[to] as HTMLElement | undefined)?.focus();
    } else if ((event.key === 'Enter' || event.key === ' ') && onChoose && !isPartial(rows[cursor].token)) {
      event.preventDefault();
      onChoose(rows[cursor]);
    }
  };
  const cell = (value: number | undefined, floor: number) => <ProbabilityCell value={value} floor={floor} top={top} />;
  const detail = detailed === null ? undefined : rows[detailed];
  return (
    <>
      <table className="predictions">
        <thead>
          <tr>
            <th scope="col" className="numeric" title="Place among the unedited predictions">
              #
            </th>
            <th scope="col">Token</th>
            <th scope="col">{compared ? 'Before' : 'Probability'}</th>
            <th scope="col" className={compared ? undefined : 'numeric'}>
              {compared ? 'After' : 'ln p'}
            </th>
            {compared && (
              <th scope="col" className="numeric">
                Change
              </th>
            )}
          </tr>
        </thead>
        <tbody ref={body} onKeyDown={onKeyDown} onBlur={() => setDetailed(null)} onPointerLeave={() => setDetailed(null)}>
          {rows.map((row, i) => (
            <tr
              key={row.id}
              tabIndex={i === cursor ? 0 : -1}
              className={row.actual ? 'is-actual' : undefined}
              onFocus={() => {
                setAt(i);
                setDetailed(i);
              }}
              onPointerEnter={() => setDetailed(i)}
            >
              <td className="numeric rank">{row.rank ?? ''}</td>
              <td className="prediction-token">
                <TokenCell row={row} onChoose={onChoose} />
              </td>
              <td>{cell(row.before, floors.before)}</td>
              {compared ? (
                <td>{cell(row.after, floors.after)}</td>
              ) : (
                <td className="numeric">{row.before === undefined ? '' : <Num value={Math.log(row.before)} />}</td>
              )}
              {compared && (
                <td className="numeric">
                  <ChangeCell row={row} floors={floors} />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      <p className="detail" aria-live="polite">
        {detail ? detailOf(detail) : ' '}
      </p>
    </>
  );
}

function TokenCell({ row, onChoose }: { row: PredictionRow; onChoose: PredictionTableProps['onChoose'] }) {
  const text = <TokenText token={row.token} />;
  return (
    <>
      {onChoose && !isPartial(row.token) ? (
        <button
          type="button"
          className="token-button"
          tabIndex={-1}
          onClick={() => onChoose(row)}
          aria-label={`Append ${glyphText(row.token)}`}
        >
          {text}
        </button>
      ) : (
        <span className="token-sample">{text}</span>
      )}
      {row.actual && <span className="tag">next in the text</span>}
    </>
  );
}

function ProbabilityCell({ value, floor, top }: { value: number | undefined; floor: number; top: number }) {
  return (
    <div className="probability">
      <span className="probability-bar" style={{ width: `${((value ?? 0) / (top || 1)) * 100}%` }} />
      <span className="num" title={value === undefined ? undefined : formatFull(value)}>
        {value === undefined ? `≤ ${formatNumber(floor)}` : formatNumber(value)}
      </span>
    </div>
  );
}

/** Share of a change that an unlisted probability may hide before the change is left out. */
const MAX_DOUBT = 0.01;

function ChangeCell({ row, floors }: { row: PredictionRow; floors: PredictionTableProps['floors'] }) {
  const change = (row.after ?? floors.after / 2) - (row.before ?? floors.before / 2);
  const doubt = Math.max(row.before === undefined ? floors.before : 0, row.after === undefined ? floors.after : 0) / 2;
  if (doubt > MAX_DOUBT * Math.abs(change)) return '';
  const title = doubt > 0 ? `within ${formatNumber(doubt)}` : formatFull(change);
  return (
    <span className={`num ${change > 0 ? 'is-up' : 'is-down'}`} title={title}>
      {doubt > 0 ? '≈ ' : ''}
      {formatSigned(change)}
    </span>
  );
}

function detailOf(row: PredictionRow): string {
  const parts = [`${glyphText(row.token)}  id ${row.id}`];
  if (row.before !== undefined) parts.push(`p ${formatFull(row.before)}`, `ln p ${formatFull(Math.log(row.before))}`);
  if (row.after !== undefined) parts.push(`after: p ${formatFull(row.after)}`, `ln p ${formatFull(Math.log(row.after))}`);
  return parts.join(' · ');
}
