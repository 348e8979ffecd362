import { useRef, useState, type KeyboardEvent } from 'react';
import { formatFull, formatNumber, formatSigned } from '../../charts/format.ts';
import { Num } from '../../charts/Num.tsx';
import { TokenText } from '../../charts/TokenText.tsx';
import { glyphText, isPartial } from '../../core/lm/glyphs.ts';
import type { PredictionRow } from '../../state/explore/selectors.ts';

interface PredictionTableProps {
  rows: readonly PredictionRow[];
  compared: boolean;
  /** Absent when a choice would mean nothing. */
  onChoose?: (row: PredictionRow) => void;
}

/**
 * Rows are one tab stop: up and down move, Enter chooses, the line below holds every digit of the last row pointed at: were it
 * emptied on leaving, what is about to be pressed below would move.
 */
export function PredictionTable({ rows, compared, onChoose }: PredictionTableProps) {
  const [at, setAt] = useState(0);
  const [detailed, setDetailed] = useState<number | null>(null);
  const body = useRef<HTMLTableSectionElement>(null);
  const cursor = Math.min(at, rows.length - 1);
  const top = Math.max(...rows.map((r) => Math.max(r.before, r.after ?? 0)));
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
  const detail = detailed === null ? undefined : rows[detailed];
  return (
    <>
      <table className="predictions">
        <Head compared={compared} />
        <tbody ref={body} onKeyDown={onKeyDown}>
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
              <Cells row={row} top={top} compared={compared} onChoose={onChoose} />
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

function Head({ compared }: Pick<PredictionTableProps, 'compared'>) {
  return (
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
  );
}

type CellsProps = Pick<PredictionTableProps, 'compared' | 'onChoose'> & { row: PredictionTableProps['rows'][number]; top: number };

/** @param top the largest probability of the table, the whole of a bar */
function Cells({ row, top, compared, onChoose }: CellsProps) {
  return (
    <>
      <td className="numeric rank">{row.rank ?? ''}</td>
      <td className="prediction-token">
        <TokenCell row={row} onChoose={onChoose} />
      </td>
      <td>
        <ProbabilityCell value={row.before} top={top} />
      </td>
      {compared ? (
        <td>
          <ProbabilityCell value={row.after ?? 0} top={top} />
        </td>
      ) : (
        <td className="numeric">
          <Num value={Math.log(row.before)} />
        </td>
      )}
      {compared && (
        <td className="numeric">
          <ChangeCell change={(row.after ?? 0) - row.before} />
        </td>
      )}
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

function ProbabilityCell({ value, top }: { value: number; top: number }) {
  return (
    <div className="probability">
      <span className="probability-bar" style={{ width: `${(value / (top || 1)) * 100}%` }} />
      <span className="num" title={formatFull(value)}>
        {formatNumber(value)}
      </span>
    </div>
  );
}

function ChangeCell({ change }: { change: number }) {
  return (
    <span className={`num ${change > 0 ? 'is-up' : 'is-down'}`} title={formatFull(change)}>
      {formatSigned(change)}
    </span>
  );
}

function detailOf(row: PredictionRow): string {
  const parts = [`${glyphText(row.token)}  id ${row.id}`];
  parts.push(`p ${formatFull(row.before)}`, `ln p ${formatFull(Math.log(row.before))}`);
  if (row.after !== undefined) parts.push(`after: p ${formatFull(row.after)}`, `ln p ${formatFull(Math.log(row.after))}`);
  return parts.join(' · ');
}
