import { useDeferredValue, useMemo, useState } from 'react';
import { Num } from '../../charts/Num.tsx';
import { TokenSample } from '../../charts/TokenText.tsx';
import { isPartial } from '../../core/lm/glyphs.ts';
import { answerAt, type Analysis, type WindowAnswer } from '../../state/explore/analysis.ts';
import { clampPosition, predictionRows, type PredictionRow, type RowOrder } from '../../state/explore/selectors.ts';
import { tokenNames } from '../../state/explore/tokenNames.ts';
import { Choice } from '../shared/fields.tsx';
import { Panel, Skeleton } from '../shared/Panel.tsx';
import { PredictionTable } from './PredictionTable.tsx';
import { useApp, useAppStore } from './store.ts';
import { appendToText } from './appendToText.ts';
import { Unread } from './Unread.tsx';

const FEW = 10;

export function PredictionsPanel() {
  // A long table must not hold a keystroke back.
  const analysis = useDeferredValue(useApp((s) => s.analysis));
  const busy = useApp((s) => s.reading.status === 'running');
  return (
    <Panel title="Next token" busy={busy} className="panel-predictions">
      {analysis ? (
        <Predicted analysis={analysis} />
      ) : (
        <Unread lines={10} empty="The model predicts from a text. Type one above." noModel="Predictions need a model." />
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
  const { before } = analysis;
  // Within the analysis on screen, which may be older than the one in the state.
  const wanted = useApp((s) => s.position);
  const position = clampPosition(wanted, before.ids.length);
  const found = useMemo(() => answerAt(analysis, position), [analysis, position]);
  const failed = useApp((s) => s.reading.status === 'failed');
  if (found) return <Answer analysis={analysis} answer={found.answer} at={found.at} position={position} />;
  return (
    <>
      <p className="panel-lead">
        Position {position},{' '}
        <TokenSample name={tokenNames({ text: analysis.text, tokens: before.tokens, spans: before.spans })[position]} />, has not been read
        yet.
      </p>
      {!failed && <Skeleton lines={10} />}
    </>
  );
}

interface AnswerProps {
  analysis: Analysis;
  answer: WindowAnswer;
  /** Place of the position in its window. */
  at: number;
  position: number;
}

function Answer({ analysis, answer: { before, after }, at, position }: AnswerProps) {
  const { ids, tokens, spans } = analysis.before;
  const names = tokenNames({ text: analysis.text, tokens, spans });
  const [more, setMore] = useState(false);
  const [order, setOrder] = useState<RowOrder>('before');
  const next = ids.at(position + 1);
  const rows = useMemo(() => predictionRows(before, after, at, order, next), [before, after, at, order, next]);
  const append = useAppend();
  const atEnd = position === ids.length - 1 && analysis.whole;
  const shown = cutRows(rows, more ? before.k : FEW);
  return (
    <>
      <p className="panel-lead">
        After <TokenSample name={names[position]} /> at position {position}. Entropy <Num value={before.entropy[at]} /> nats
        {after && (
          <>
            {' '}
            before, <Num value={after.entropy[at]} /> after; KL(before‖after) <Num value={after.comparison?.kl[at] ?? NaN} /> nats
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
    appendToText(store, token, `Appended “${token.replaceAll('\n', '↵')}”.`);
  };
}
