/** What the edits change: one prediction, the predictions along the text, and how both go with an edit's strength. */
import './editStudy.css';
import { useEffect, useMemo, useState } from 'react';
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import { formatInteger, formatNumber } from '../../charts/format.ts';
import { LineChart } from '../../charts/LineChart.tsx';
import { Num } from '../../charts/Num.tsx';
import { TokenSample } from '../../charts/TokenText.tsx';
import type { Analysis } from '../../state/explore/analysis.ts';
import { activeEdits, chosenPosition, clampPosition } from '../../state/explore/selectors.ts';
import { full } from '../../state/explore/featuresCsv.ts';
import { readMovers, stretchOf, type NamedMover } from '../../state/explore/steering.ts';
import { tokenNames } from '../../state/explore/tokenNames.ts';
import { sentenceOf } from '../../state/shared/latest.ts';
import { toCsv } from '../../state/shared/csv.ts';
import { Info } from '../shared/Info.tsx';
import { Failure, Panel, Skeleton } from '../shared/Panel.tsx';
import { Picture } from '../shared/Picture.tsx';
import { useActions, useApp } from './store.ts';
import { Sweep } from './Sweep.tsx';

/** Joins the steps of a number that is turned. */
const PAUSE_MS = 200;

export function EditStudy({ api }: { api: FeaturescopeApi }) {
  const analysis = useApp((s) => s.analysis);
  const busy = useApp((s) => s.reading.status === 'running');
  if (!analysis?.after) return null;
  return (
    <Panel title="What the edits change" className="panel-study" busy={busy}>
      <Movers api={api} analysis={analysis} />
      <AlongText analysis={analysis} />
      <Sweep api={api} analysis={analysis} />
    </Panel>
  );
}

/** A text as the model reads it, the position looked at, and what acts. */
type Studied = Parameters<typeof readMovers>[1];

type Found =
  { status: 'waiting' } | { status: 'failed'; message: string } | { status: 'done'; of: Studied; up: NamedMover[]; down: NamedMover[] };

/** The logits moved most after the chosen token. */
function Movers({ api, analysis }: { api: FeaturescopeApi; analysis: Analysis }) {
  const studied = useStudied(analysis);
  const [found, setFound] = useState<Found>({ status: 'waiting' });
  useEffect(() => {
    const stop = new AbortController();
    const look = async () => {
      try {
        const movers = await readMovers(api, studied, stop.signal);
        if (!stop.signal.aborted) setFound({ status: 'done', of: studied, ...movers });
      } catch (error) {
        if (!stop.signal.aborted) setFound({ status: 'failed', message: sentenceOf(error) });
      }
    };
    const timer = setTimeout(() => void look(), PAUSE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [api, studied]);
  return (
    <section aria-label="Logits the edits move most">
      <h3 className="with-info">
        <span>
          Next token after <ChosenToken analysis={analysis} />
        </span>
        <Info about="logit differences">
          Δ logit: logit with the edits − logit without, of each token of the vocabulary, before the softmax. The eight that rise and the
          eight that fall most, with their probabilities before and after. Choose another token in the text to see them there.
        </Info>
      </h3>
      {found.status === 'failed' && <Failure message={found.message} />}
      {found.status === 'waiting' && <Skeleton lines={4} />}
      {found.status === 'done' && (
        <div className="movers" aria-busy={found.of !== studied}>
          <MoverTable title="Raised most" movers={found.up} />
          <MoverTable title="Lowered most" movers={found.down} />
        </div>
      )}
    </section>
  );
}

/** The stretch of the text that holds the chosen position, with its edits; the same objects while nothing changes. */
function useStudied(analysis: Analysis): Studied {
  const model = useApp((s) => s.model);
  const bench = useApp((s) => s.bench);
  const wanted = useApp((s) => s.position);
  const dictionaries = useApp((s) => s.dictionaries);
  return useMemo(() => {
    const facts = { model, bench, analysis, position: wanted, dictionaries };
    const chosen = chosenPosition(facts);
    const all = analysis.before.ids;
    const stretch = stretchOf(all.length, chosen, model?.n_ctx ?? all.length);
    const edits = activeEdits(facts, undefined, stretch);
    return { ids: all.slice(stretch.start, stretch.end), position: chosen - stretch.start, edits };
  }, [analysis, model, bench, wanted, dictionaries]);
}

function ChosenToken({ analysis: { text, before } }: { analysis: Analysis }) {
  const wanted = useApp((s) => s.position);
  const names = useMemo(() => tokenNames({ text, tokens: before.tokens, spans: before.spans }), [text, before]);
  const at = clampPosition(wanted, before.ids.length);
  return (
    <>
      <TokenSample name={names[at]} /> at {at}
    </>
  );
}

function MoverTable({ title, movers }: { title: string; movers: readonly NamedMover[] }) {
  return (
    <table className="mover-table">
      <caption>{title}</caption>
      <thead>
        <tr>
          <th scope="col">Token</th>
          <th scope="col" className="numeric">
            Before
          </th>
          <th scope="col" className="numeric">
            After
          </th>
          <th scope="col" className="numeric">
            Δ logit
          </th>
        </tr>
      </thead>
      <tbody>
        {movers.map(({ id, token, before, after, logit }) => (
          <tr key={id}>
            <th scope="row">
              <TokenSample name={{ text: token, part: 1, of: 1 }} />
            </th>
            <td className="numeric">
              <Num value={before} />
            </td>
            <td className="numeric">
              <Num value={after} />
            </td>
            <td className="numeric">
              <Num value={logit} signed />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** KL of every prediction; the largest is a click away. */
function AlongText({ analysis }: { analysis: Analysis }) {
  const { selectPosition, setColourBy } = useActions();
  const position = useApp((s) => s.position);
  const [cursor, setCursor] = useState<number | null>(null);
  const kl = analysis.after!.kl;
  // Snapshots share their arrays, which fill up.
  const { xs, ys } = useMemo(() => {
    const known = Array.from(analysis.after!.kl.keys()).filter((p) => Number.isFinite(analysis.after!.kl[p]));
    return { xs: known, ys: known.map((p) => analysis.after!.kl[p]) };
  }, [analysis]);
  if (xs.length === 0) return null;
  const top = xs.reduce((best, p) => (kl[p] > kl[best] ? p : best), xs[0]);
  const mean = ys.reduce((sum, y) => sum + y, 0) / ys.length;
  const end = Math.max(1, analysis.before.ids.length - 1);
  const csv = () => toCsv([['position', 'token', 'kl_nats'], ...xs.map((p, i) => [p, analysis.before.tokens[p], full(ys[i])])]);
  return (
    <section aria-label="KL along the text">
      <p className="panel-lead">
        KL(before‖after) is <Num value={mean} /> nats in the mean over {formatInteger(xs.length)} positions, at most <Num value={kl[top]} />{' '}
        at position {top}.
      </p>
      <Picture name="KL along the text" title="KL(before‖after) at each position" csv={csv}>
        <LineChart
          title="KL along the text"
          formula="Σ p before · ln(p before ÷ p after) of the prediction after each token, nats"
          lines={[{ name: 'KL', xs, ys, slot: 0, dash: 0 }]}
          domain={[0, end]}
          end={end}
          xName="Position"
          cursor={cursor ?? position}
          onCursor={setCursor}
          stops={xs}
          format={formatNumber}
          formatX={formatInteger}
          describe={(x) => `position ${x}: KL ${formatNumber(kl[x])} nats`}
        />
      </Picture>
      <div className="panel-foot">
        <button type="button" className="button-small" onClick={() => selectPosition(top)}>
          Choose position {top}
        </button>
        <button type="button" className="button-small" onClick={() => setColourBy('kl')}>
          Colour the tokens by KL
        </button>
      </div>
    </section>
  );
}
