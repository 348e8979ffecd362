import { useMemo, useState } from 'react';
import { BarStrip } from '../../charts/BarStrip.tsx';
import { formatFull, formatNumber } from '../../charts/format.ts';
import { Num } from '../../charts/Num.tsx';
import { TokenSample } from '../../charts/TokenText.tsx';
import { namedText } from '../../core/lm/glyphs.ts';
import type { Activations } from '../../state/explore/facts.ts';
import { toCsv } from '../../state/shared/csv.ts';
import { chosenPosition, dimensionName, largestIndices, normsByPosition, vectorAt } from '../../state/explore/selectors.ts';
import { tokenNames } from '../../state/explore/tokenNames.ts';
import { CopyButton, DownloadButton } from '../shared/CopyButton.tsx';
import { useActions, useApp } from './store.ts';

const TABLE_ROWS = 12;

/** A hook with one vector per position: its length along the text, and its numbers at the chosen place. */
export function VectorView({ activations }: { activations: Activations }) {
  const { values, tokens, start } = activations;
  const names = tokenNames(activations);
  const chosen = useApp(chosenPosition);
  const position = Math.max(0, Math.min(chosen - start, tokens.length - 1));
  const norms = useMemo(() => normsByPosition(values), [values]);
  const vector = useMemo(() => vectorAt(values, position), [values, position]);
  const { selectPosition, keepVector } = useActions();
  const [hovered, setHovered] = useState<number | null>(null);
  const shown = hovered ?? position;
  return (
    <>
      <h3>Length at each position</h3>
      <BarStrip
        values={norms}
        label="L2 norm by position"
        cursor={position}
        onCursor={(i) => selectPosition(i + start)}
        onHover={setHovered}
        describe={(i) => `position ${i + start}, ${namedText(names[i])}: ${formatNumber(norms[i])}`}
        height={56}
      />
      <p className="detail">
        Position {shown + start}, {names[shown] && <TokenSample name={names[shown]} />} ‖x‖₂ = {formatFull(norms[shown])}
      </p>
      <Dimensions key={activations.hook} activations={activations} vector={vector} position={position + start} />
      <div className="panel-foot">
        <button type="button" onClick={() => keepVector(vector, position + start)}>
          Keep this vector
        </button>
        <CopyButton label="Copy values as CSV" text={() => vectorCsv(vector, values.shape)} />
        <DownloadButton label="Download all positions" name={`${activations.hook}.csv`} text={() => matrixCsv(activations)} />
      </div>
    </>
  );
}

function Dimensions({ activations, vector, position }: { activations: Activations; vector: Float32Array; position: number }) {
  const { shape } = activations.values;
  const [cursor, setCursor] = useState(0);
  const [hovered, setHovered] = useState<number | null>(null);
  const order = useMemo(() => largestIndices(vector, TABLE_ROWS), [vector]);
  const shown = Math.min(hovered ?? cursor, vector.length - 1);
  const name = (i: number) => dimensionName(i, shape);
  const axis = shape.length > 2 ? 'Head, dimension' : 'Dimension';
  return (
    <>
      <h3>
        Values at position {position}, all {vector.length} dimensions
      </h3>
      <BarStrip
        values={vector}
        label="Values by dimension"
        cursor={Math.min(cursor, vector.length - 1)}
        onCursor={setCursor}
        onHover={setHovered}
        describe={(i) => `${axis} ${name(i)}: ${formatNumber(vector[i])}`}
      />
      <p className="detail">
        {axis} {name(shown)}: {formatFull(vector[shown])}
      </p>
      <table className="largest">
        <caption>Largest by |value|</caption>
        <thead>
          <tr>
            <th scope="col">{axis}</th>
            <th scope="col" className="numeric">
              Value
            </th>
          </tr>
        </thead>
        <tbody>
          {order.map((i) => (
            <tr key={i}>
              <td>{name(i)}</td>
              <td className="numeric">
                <Num value={vector[i]} signed />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function vectorCsv(vector: Float32Array, shape: readonly number[]): string {
  return toCsv([['dimension', 'value'], ...Array.from(vector, (x, i) => [dimensionName(i, shape), x])]);
}

function matrixCsv(activations: Activations): string {
  const { values, tokens, start } = activations;
  const width = values.data.length / tokens.length;
  const head = ['position', 'token', ...Array.from({ length: width }, (_, i) => dimensionName(i, values.shape))];
  return toCsv([head, ...tokenNames(activations).map((name, i) => [i + start, namedText(name), ...vectorAt(values, i)])]);
}
