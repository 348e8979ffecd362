import { useMemo, useState } from 'react';
import { Num } from '../charts/Num.tsx';
import { TokenSample } from '../charts/TokenText.tsx';
import { isPartial, nameTokens } from '../core/lm/glyphs.ts';
import type { Analysis } from '../state/appState.ts';
import { chosenPosition, predictionRows, type PredictionRow, type RowOrder } from '../state/selectors.ts';
import { Choice } from './fields.tsx';
import { Empty, Panel, Skeleton } from './Panel.tsx';
import { PredictionTable } from './PredictionTable.tsx';
import { useApp, useAppStore } from './StoreContext.tsx';
import { typeIntoTextBox } from './textBox.ts';

const FEW = 10;

export function PredictionsPanel() {
  const analysis = useApp((s) => s.analysis);
  const reading = useApp((s) => s.reading.status);
  const boot = useApp((s) => s.boot.status);
  return (
    <Panel title="Next token" busy={reading === 'running'} className="panel-predictions">
      {analysis ? (
        <Predicted analysis={analysis} />
      ) : reading === 'empty' ? (
        <Empty>The model predicts from a text. Type one above.</Empty>
      ) : boot === 'failed' ? (
        <Empty>Predictions need a model.</Empty>
      ) : (
        <Skeleton lines={10} />
      )}
    </Panel>
  );
}

const ORDERS: { value: RowOrder; label: string }[] = [
  { value: 'before', label: 'Before' },
  { value: 'after', label: 'After' },
  { value: 'change', label: 'Change' },
];

function Predicted({ analysis }: { analysis: Analysis }) {
  const { before, after } = analysis;
  const position = useApp(chosenPosition);
  const names = useMemo(() => nameTokens(analysis.text, before.tokens, before.spans), [analysis.text, before]);
  const [more, setMore] = useState(false);
  const [order, setOrder] = useState<RowOrder>('before');
  const rows = useMemo(() => predictionRows(before, after, position, order), [before, after, position, order]);
  const append = useAppend();
  const atEnd = position === before.ids.length - 1;
  const shown = cutRows(rows, more ? before.k : FEW);
  return (
    <>
      <p className="panel-lead">
        After <TokenSample name={names[position]} /> at position {position}. Entropy <Num value={before.entropy[position]} /> nats
        {after && (
          <>
            {' '}
            before, <Num value={after.entropy[position]} /> after; KL(before‖after) <Num value={after.comparison?.kl[position] ?? NaN} />{' '}
            nats
          </>
        )}
        .
      </p>
      {after && <Choice<RowOrder> legend="Order by" options={ORDERS} value={order} onChange={setOrder} />}
      <PredictionTable rows={shown} compared={after !== null} onChoose={atEnd ? (row) => append(row.token) : undefined} />
      <div className="panel-foot">
        <button type="button" className="button-small" aria-expanded={more} onClick={() => setMore(!more)}>
          {more ? `Show ${FEW}` : `Show ${before.k}`}
        </button>
        <span className="hint">
          {atEnd ? 'Choosing a token appends it to the text.' : 'At the last position, choosing a token appends it.'}
        </span>
      </div>
    </>
  );
}

/** The first `count`, and the actual next token wherever it stands. */
function cutRows(rows: PredictionRow[], count: number): PredictionRow[] {
  const actual = rows.findIndex((r) => r.actual);
  const head = rows.slice(0, count);
  return actual >= count ? [...head, rows[actual]] : head;
}

function useAppend() {
  // Read when needed: a panel that followed the text would be drawn again at every keystroke.
  const store = useAppStore();
  return (token: string) => {
    if (isPartial(token)) return;
    const { text, actions } = store.getState();
    const { setText, setNotice } = actions;
    if (!typeIntoTextBox(token, false)) setText(text + token);
    setNotice({ text: `Appended “${token.replaceAll('\n', '↵')}”.`, undo: { textBefore: text, textAfter: text + token } });
  };
}
