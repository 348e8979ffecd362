import { useMemo, useState } from 'react';
import { formatFull } from '../../charts/format.ts';
import { HeatCanvas, HeatMap } from '../../charts/HeatMap.tsx';
import { Num } from '../../charts/Num.tsx';
import { TokenSample } from '../../charts/TokenText.tsx';
import { namedText, type NamedToken } from '../../core/lm/glyphs.ts';
import type { Activations } from '../../state/explore/facts.ts';
import { toCsv } from '../../state/shared/csv.ts';
import { chosenPosition, largestIndices } from '../../state/explore/selectors.ts';
import { tokenNames } from '../../state/explore/tokenNames.ts';
import { CopyButton, DownloadButton } from '../shared/CopyButton.tsx';
import { useActions, useApp } from './store.ts';

const TABLE_ROWS = 12;

/** Attention patterns: every head small, one large, and the chosen row as a table. */
export function PatternView({ activations }: { activations: Activations }) {
  const { values, hook, start } = activations;
  const names = tokenNames(activations);
  const labels = useMemo(() => names.map(namedText), [names]);
  const [heads, n] = values.shape;
  const [chosenHead, setHead] = useState(0);
  const head = Math.min(chosenHead, heads - 1);
  const chosen = useApp(chosenPosition);
  const row = Math.max(0, Math.min(chosen - start, n - 1));
  const [columnWanted, setColumn] = useState(0);
  const column = Math.min(columnWanted, n - 1);
  const [hovered, setHovered] = useState<{ row: number; column: number } | null>(null);
  const { selectPosition } = useActions();
  const pattern = useMemo(() => values.data.subarray(head * n * n, (head + 1) * n * n), [values, head, n]);
  const shown = hovered ?? { row, column };
  const describe = (r: number, c: number) =>
    `From ${r + start} “${labels[r] ?? ''}” to ${c + start} “${labels[c] ?? ''}”: ${formatFull(pattern[r * n + c])}`;
  return (
    <>
      <HeadChooser values={values.data} heads={heads} n={n} head={head} onChoose={setHead} />
      <HeatMap
        values={pattern}
        labels={labels}
        row={row}
        column={column}
        onCell={(r, c) => {
          selectPosition(r + start);
          setColumn(c);
        }}
        onHover={setHovered}
        describe={describe}
      />
      <p className="detail">{describe(Math.min(shown.row, n - 1), Math.min(shown.column, n - 1))}</p>
      <RowTable
        weights={pattern.subarray(row * n, (row + 1) * n)}
        names={names}
        start={start}
        caption={`Head ${head}, from position ${row + start}: largest weights`}
      />
      <div className="panel-foot">
        <CopyButton label="Copy this row as CSV" text={() => rowCsv(pattern.subarray(row * n, (row + 1) * n), labels)} />
        <DownloadButton label="Download this head" name={`${hook}.head${head}.csv`} text={() => headCsv(pattern, n)} />
      </div>
    </>
  );
}

interface HeadChooserProps {
  values: Float32Array;
  heads: number;
  n: number;
  head: number;
  onChoose: (head: number) => void;
}

function HeadChooser({ values, heads, n, head, onChoose }: HeadChooserProps) {
  const each = useMemo(() => Array.from({ length: heads }, (_, h) => values.subarray(h * n * n, (h + 1) * n * n)), [values, heads, n]);
  return (
    <fieldset className="heads">
      <legend>Head</legend>
      {each.map((pattern, h) => (
        <label key={h} className={h === head ? 'is-chosen' : undefined}>
          <input type="radio" className="visually-hidden" name="head" checked={h === head} onChange={() => onChoose(h)} />
          <HeatCanvas values={pattern} n={n} />
          {h}
        </label>
      ))}
    </fieldset>
  );
}

function RowTable({
  weights,
  names,
  start,
  caption,
}: {
  weights: Float32Array;
  names: readonly NamedToken[];
  start: number;
  caption: string;
}) {
  return (
    <table className="largest">
      <caption>{caption}</caption>
      <thead>
        <tr>
          <th scope="col">To</th>
          <th scope="col">Token</th>
          <th scope="col" className="numeric">
            Weight
          </th>
        </tr>
      </thead>
      <tbody>
        {largestIndices(weights, TABLE_ROWS)
          .filter((i) => weights[i] > 0)
          .map((i) => (
            <tr key={i}>
              <td>{i + start}</td>
              <td>
                <TokenSample name={names[i]} />
              </td>
              <td className="numeric">
                <Num value={weights[i]} />
              </td>
            </tr>
          ))}
      </tbody>
    </table>
  );
}

function rowCsv(weights: Float32Array, labels: readonly string[]): string {
  return toCsv([['position', 'token', 'weight'], ...labels.map((label, i) => [i, label, weights[i]])]);
}

function headCsv(pattern: Float32Array, n: number): string {
  const positions = Array.from({ length: n }, (_, i) => i);
  return toCsv([['from \\ to', ...positions], ...positions.map((r) => [r, ...pattern.subarray(r * n, (r + 1) * n)])]);
}
