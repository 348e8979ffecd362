/** One edit of a feature at several strengths, and its controls beside it. */
import { useEffect, useMemo, useRef, useState, type FormEvent } from 'react';
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import { formatNumber, formatPercent } from '../../charts/format.ts';
import { Scatter, type ScatterPoint } from '../../charts/Scatter.tsx';
import type { Analysis } from '../../state/explore/analysis.ts';
import type { EditItem } from '../../state/explore/edits.ts';
import { isOfLatent, type LatentChange } from '../../state/explore/latentChange.ts';
import { chosenPosition } from '../../state/explore/selectors.ts';
import { KIND_WORDS, parseStrengths, sweep, SWEEP_KINDS, sweepCsv, sweepJob, type SweepPoint } from '../../state/explore/steering.ts';
import { sentenceOf } from '../../state/shared/latest.ts';
import { Field } from '../shared/fields.tsx';
import { Info } from '../shared/Info.tsx';
import { Failure } from '../shared/Panel.tsx';
import { Picture } from '../shared/Picture.tsx';
import { useApp, useAppStore } from './store.ts';

const STRENGTHS = '-1, -0.5, 0, 0.25, 0.5, 1, 2';
/** Of each continuation. */
const TOKENS = 40;

type Steered = EditItem & { change: Exclude<LatentChange, { op: 'ablate' }> };

interface Swept {
  points: SweepPoint[];
  /** Which feature, and where. */
  of: string;
  target: string;
  status: 'running' | 'done' | 'stopped' | 'failed';
  done: number;
  total: number;
  message?: string;
}

export function Sweep({ api, analysis }: { api: FeaturescopeApi; analysis: Analysis }) {
  const edits = useApp((s) => s.bench.edits);
  const steered = useMemo(() => edits.filter(isSteered), [edits]);
  if (steered.length === 0) {
    return <p className="hint">A feature that is added, set or scaled can also be swept over strengths. “Edit a feature” lists one.</p>;
  }
  return <SweepForm api={api} analysis={analysis} steered={steered} />;
}

function isSteered(item: EditItem): item is Steered {
  return item.on && isOfLatent(item.change) && item.change.op !== 'ablate';
}

function SweepForm({ api, analysis, steered }: { api: FeaturescopeApi; analysis: Analysis; steered: readonly Steered[] }) {
  const { swept, start, stop } = useSweep(api, analysis);
  const [wanted, setWanted] = useState<number | null>(null);
  const [typed, setTyped] = useState(STRENGTHS);
  const [target, setTarget] = useState('');
  const item = steered.find((one) => one.id === wanted) ?? steered.at(-1)!;
  const strengths = parseStrengths(typed);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (typeof strengths !== 'string') void start(item, strengths, target);
  };
  return (
    <section aria-label="Sweep of strengths">
      <SweepHead />
      <form className="sweep-form" onSubmit={submit}>
        {steered.length > 1 && <WhichEdit steered={steered} chosen={item.id} onChoose={setWanted} />}
        <Field label={item.change.op === 'latent_scale' ? 'Factors' : 'Strengths, × its maximum'}>
          <input type="text" value={typed} onChange={(e) => setTyped(e.target.value)} />
        </Field>
        <Field label="Token watched">
          <input type="text" value={target} placeholder="the one it raises most" onChange={(e) => setTarget(e.target.value)} />
        </Field>
        <div className="panel-foot">
          {swept?.status === 'running' ? (
            // Not the button that was there, made another: what was pressed to stop would then submit, and begin anew.
            <button key="stop" type="button" onClick={stop}>
              Stop
            </button>
          ) : (
            <button type="submit" disabled={typeof strengths === 'string'}>
              Sweep strengths
            </button>
          )}
          <span className="hint" role="status">
            {swept && statusWords(swept)}
          </span>
        </div>
        {typeof strengths === 'string' && <p className="problem">{strengths}</p>}
      </form>
      {swept?.status === 'failed' && <Failure message={swept.message ?? ''} />}
      {swept && swept.points.length > 0 && <Results swept={swept} />}
    </section>
  );
}

/** Runs one sweep at a time; what was measured stays when it is stopped, and goes with the panel. */
function useSweep(api: FeaturescopeApi, analysis: Analysis) {
  const store = useAppStore();
  const [swept, setSwept] = useState<Swept | null>(null);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);
  const start = async (item: Steered, strengths: readonly number[], typed: string) => {
    if (swept?.status === 'running') return;
    const { signal } = (running.current = new AbortController());
    const points: SweepPoint[] = [];
    const show = (part: Partial<Swept>) => setSwept((now) => now && { ...now, ...part });
    setSwept({
      points,
      of: `feature ${item.change.latent}`,
      target: '',
      status: 'running',
      done: 0,
      total: strengths.length * SWEEP_KINDS.length,
    });
    const onPoint = (point: SweepPoint, done: number) => {
      points.push(point);
      show({ points: [...points], done });
    };
    try {
      const state = store.getState();
      const job = await sweepJob(api, { item, analysis, state, typed, tokens: TOKENS }, signal);
      show({ target: job.name, of: `feature ${item.change.latent}, after position ${chosenPosition({ ...state, analysis })}` });
      await sweep(api, { ...job, strengths, tokens: TOKENS, seed: state.settings.seed, signal, onPoint });
      show({ status: 'done' });
    } catch (error) {
      if (signal.aborted) show({ status: 'stopped' });
      else show({ status: 'failed', message: sentenceOf(error) });
    }
  };
  return { swept, start, stop: () => running.current?.abort() };
}

interface WhichEditProps {
  steered: readonly Steered[];
  chosen: number;
  onChoose: (id: number) => void;
}

function WhichEdit({ steered, chosen, onChoose }: WhichEditProps) {
  return (
    <Field label="Edit">
      <select value={chosen} onChange={(e) => onChoose(Number(e.target.value))}>
        {steered.map(({ id, change }) => (
          <option key={id} value={id}>
            feature {change.latent} ({change.name})
          </option>
        ))}
      </select>
    </Field>
  );
}

function SweepHead() {
  return (
    <h3 className="with-info">
      <span>Strengths</span>
      <Info about="the sweep">
        This edit alone, at each strength, and beside it the same done with another feature of near-equal density and with a random
        direction of the decoder row’s norm. Effect: ln p of the token watched after the chosen position, with the edit − without. KL: mean
        over the text of KL(without ‖ with). Repeated: 1 − different 4-grams ÷ all 4-grams of a greedy continuation of {TOKENS} tokens. A
        strength is worth having where the feature’s effect is far from its controls’ before KL and repetition grow.
      </Info>
    </h3>
  );
}

function statusWords({ status, done, total, of, target, points }: Swept): string {
  if (status === 'running') return `${done} of ${total}`;
  const on = target === '' ? '' : ` Watched: “${target.replaceAll('\n', '↵')}”.`;
  const what = `${of[0].toUpperCase()}${of.slice(1)}.${on}`;
  return status === 'stopped' ? `Stopped after ${points.length} of ${total}; what was measured is kept. ${what}` : what;
}

/** Effect against what it costs: KL, and repetition. */
function Results({ swept: { points, target } }: { swept: Swept }) {
  const csv = () => sweepCsv(points);
  const watched = `Δ ln p of “${target.replaceAll('\n', '↵')}”`;
  return (
    <>
      <ul className="line-legend">
        {SWEEP_KINDS.map((kind, i) => (
          <li key={kind} data-line={LINES[i]}>
            <span className="line-swatch" aria-hidden="true" />
            {KIND_WORDS[kind]}
          </li>
        ))}
      </ul>
      <div className="sweep-pictures">
        <Picture name="sweep KL" title={`${watched} against KL`} csv={csv}>
          <Against points={points} title="Effect against KL" xTitle="KL, nats" yTitle={watched} of={klOf} joined />
        </Picture>
        <Picture name="sweep repetition" title={`${watched} against repetition`} csv={csv}>
          <Against
            points={points.filter((point) => Number.isFinite(point.repeated))}
            title="Effect against repetition"
            xTitle="repeated 4-grams, share"
            yTitle={watched}
            of={repeatedOf}
          />
        </Picture>
      </div>
      <Written points={points} />
    </>
  );
}

const LINES = [0, 5, 1];
const klOf = (point: SweepPoint) => point.kl;
const repeatedOf = (point: SweepPoint) => point.repeated;

interface AgainstProps {
  points: readonly SweepPoint[];
  title: string;
  xTitle: string;
  yTitle: string;
  of: (point: SweepPoint) => number;
  /** Points in a row of strengths are joined. */
  joined?: boolean;
}

function Against({ points, title, xTitle, yTitle, of, joined = false }: AgainstProps) {
  const marks = useMemo(
    () =>
      points.map((point): ScatterPoint => {
        const kind = SWEEP_KINDS.indexOf(point.kind);
        const side = !joined ? point.strength : point.strength < 0 ? 'negative' : 'positive';
        return { x: of(point), y: point.effect, slot: LINES[kind], dash: kind, group: `${point.kind} ${side}`, hollow: kind > 0 };
      }),
    [points, of, joined],
  );
  return (
    <Scatter
      linear
      title={title}
      xTitle={xTitle}
      yTitle={yTitle}
      points={marks}
      noun="a strength"
      describe={(i) => wordsOf(points[i])}
      table={() => ({
        columns: ['What', 'Strength', 'Effect, nats', 'KL, nats', 'Repeated'],
        rows: points.map((p) => [
          KIND_WORDS[p.kind],
          formatNumber(p.strength),
          formatNumber(p.effect),
          formatNumber(p.kl),
          Number.isFinite(p.repeated) ? formatPercent(p.repeated) : '–',
        ]),
      })}
    />
  );
}

function wordsOf({ kind, strength, effect, kl, repeated }: SweepPoint): string {
  const again = Number.isFinite(repeated) ? `, ${formatPercent(repeated)} repeated` : '';
  return `${KIND_WORDS[kind]} at ${formatNumber(strength)}: effect ${formatNumber(effect)} nats, KL ${formatNumber(kl)} nats${again}`;
}

/** What was written at each strength. */
function Written({ points }: { points: readonly SweepPoint[] }) {
  return (
    <details className="sweep-texts">
      <summary>What it writes at each strength</summary>
      <dl>
        {points.map(({ kind, strength, text }) => (
          <div key={`${kind} ${strength}`}>
            <dt>
              {formatNumber(strength)} × {KIND_WORDS[kind]}
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
