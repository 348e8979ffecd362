import { useEffect, useMemo, useState } from 'react';
import { formatBytes, formatFull, formatInteger, formatNumber, formatPercent } from '../../charts/format.ts';
import type { DictionaryCard, Evaluation, ExportFormat } from '../../api/dictionaries.ts';
import { sentenceOf } from '../../state/shared/latest.ts';
import { isOtherModel } from '../../core/lm/modelNames.ts';
import { densityHistogram } from '../../state/shared/densityHistogram.ts';
import { WHOLE_SAMPLE_TOKENS } from '../../state/library/reports.ts';
import type { Report } from '../../state/library/state.ts';
import { CopyButton } from '../shared/CopyButton.tsx';
import { FactList } from '../shared/FactList.tsx';
import { placeWords } from '../shared/placeWords.ts';
import { EXPORT_NAMES, ExportButton } from '../shared/ExportButton.tsx';
import { Failure, Skeleton } from '../shared/Panel.tsx';
import { RightModel } from '../shared/RightModel.tsx';
import { Sheet } from '../shared/Sheet.tsx';
import { useActions, useApp } from './store.ts';

type Loaded = { status: 'loading' } | { status: 'done'; card: DictionaryCard } | { status: 'failed'; message: string };

/** All that is known of one dictionary. */
export function CardDialog({ id }: { id: string }) {
  const { openDialog, dictionaryCard } = useActions();
  const [loaded, setLoaded] = useState<Loaded>({ status: 'loading' });
  useEffect(() => {
    let stale = false;
    dictionaryCard(id).then(
      (card) => !stale && setLoaded({ status: 'done', card }),
      (error: unknown) => !stale && setLoaded({ status: 'failed', message: sentenceOf(error) }),
    );
    return () => {
      stale = true;
    };
  }, [id, dictionaryCard]);
  return (
    <Sheet title="About this dictionary" onClose={() => openDialog(null)} className="card-sheet">
      {loaded.status === 'loading' && <Skeleton lines={8} />}
      {loaded.status === 'failed' && <Failure message={loaded.message} />}
      {loaded.status === 'done' && <Card card={loaded.card} />}
    </Sheet>
  );
}

function Card({ card }: { card: DictionaryCard }) {
  const { openDialog } = useActions();
  const model = useApp((s) => s.model);
  const { info, config, record, tensors, misfit, density, notes, exports } = card;
  return (
    <>
      <p>
        <strong>{info.label}</strong>
      </p>
      {misfit && <p className="hint">{misfit}</p>}
      {model && isOtherModel(info.model, model.id) && (
        <div className="panel-foot">
          <span className="doubt">
            It was made for {info.model}; {model.id} is open, whose activations differ.
          </span>
          <RightModel name={info.model} />
        </div>
      )}
      <FactList
        className="card-facts"
        facts={[
          ['features (d_sae)', formatInteger(info.d_sae)],
          ['reads (d_in)', formatInteger(info.d_in)],
          ['architecture', info.architecture],
          ['hook', info.hook || 'not said'],
          ['model', info.model || 'not said'],
          ['activations scaled', String(config.normalize_activations ?? 'none')],
          ['b_dec subtracted first', config.apply_b_dec_to_input ? 'yes' : 'no'],
          ['size', formatBytes(info.bytes)],
          ['from', originWords(info)],
        ]}
      />
      {info.hash && (
        <p className="model-hash">
          <span title={info.hash}>
            Tensors <code>{info.hash.slice(0, 23)}…</code>
          </span>
          <CopyButton label="Copy" text={() => info.hash} />
        </p>
      )}
      {notes.length > 0 && (
        <ul className="card-notes" aria-label="What its files mean">
          {notes.map((note) => (
            <li key={note} className="hint">
              {note}
            </li>
          ))}
        </ul>
      )}
      <Quality id={info.id} record={record} measurable={!misfit} />
      {density && <DensityPicture density={density} />}
      <details className="fold">
        <summary>Tensors ({tensors.length})</summary>
        <table className="card-table">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Shape</th>
              <th scope="col">Numbers</th>
            </tr>
          </thead>
          <tbody>
            {tensors.map(({ name, shape, dtype }) => (
              <tr key={name}>
                <th scope="row">
                  <code>{name}</code>
                </th>
                <td>{shape.join(' × ') || 'one number'}</td>
                <td>{dtype}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
      <details className="fold">
        <summary>Settings in its file</summary>
        <FactList className="card-facts" facts={Object.entries(config).map(([name, value]) => [name, shown(value)])} />
      </details>
      {record && (
        <details className="fold">
          <summary>Training record</summary>
          <FactList className="card-facts" facts={Object.entries(record).map(([name, value]) => [name, shown(value)])} />
        </details>
      )}
      <section className="sheet-section" aria-label="Export">
        <h3>Export</h3>
        <ul className="card-exports">
          {exports.map(({ format, obstacle }) => (
            <li key={format}>
              <span>
                {EXPORT_NAMES[format]} <span className="hint">{obstacle || EXPORT_USES[format]}</span>
              </span>
              {obstacle === '' && <ExportButton id={info.id} label={info.label} format={format} />}
            </li>
          ))}
        </ul>
      </section>
      <div className="panel-foot">
        <button type="button" className="button-small" onClick={() => openDialog({ kind: 'library' })}>
          All dictionaries
        </button>
      </div>
    </>
  );
}

function originWords({ source, from }: DictionaryCard['info']): string {
  if (source === 'built-in') return 'comes with the page';
  return from ? placeWords(from) : 'files you opened';
}

/** What each export is for. */
const EXPORT_USES: Record<ExportFormat, string> = {
  saelens: 'for SAELens, SAEBench and SAEDashboard, and for opening here again.',
  dictionary_learning: 'for that library; its loader rescales features unless told normalize_decoder=False.',
  sparsify: 'for EleutherAI’s sparsify and delphi.',
};

/** Figures under the names that training records and evaluations give them. */
const QUALITY: { name: string; key: 'l0' | 'fvu' | 'ce_recovered' | 'alive' | 'dead'; formula: string; show: (value: number) => string }[] =
  [
    { name: 'L0', key: 'l0', formula: 'features active on a token, mean', show: formatNumber },
    { name: 'FVU', key: 'fvu', formula: 'Σ‖x − x̂‖² / Σ‖x − mean‖²', show: formatNumber },
    { name: 'CE recovered', key: 'ce_recovered', formula: '(CE zero − CE with x̂) / (CE zero − CE clean)', show: formatPercent },
    { name: 'Alive', key: 'alive', formula: 'features that fire on more than 10 of these tokens', show: formatInteger },
    { name: 'Dead', key: 'dead', formula: 'features that fire on none of these tokens', show: formatInteger },
  ];

function Quality({ id, record, measurable }: { id: string; record: DictionaryCard['record']; measurable: boolean }) {
  const report = useApp((s) => s.reports[id]);
  const figures = report?.figures ?? null;
  const isPublished = QUALITY.every(({ key }) => record?.[key] === undefined) && QUALITY.some(({ key }) => record?.[`published.${key}`]);
  const claim = (key: (typeof QUALITY)[number]['key']) => record?.[isPublished ? `published.${key}` : key];
  return (
    <>
      <table className="card-table card-quality">
        <caption>How good it is</caption>
        <thead>
          <tr>
            <th scope="col">Figure</th>
            <th scope="col" className="numeric">
              {isPublished ? 'Its publisher says' : 'Its file says'}
            </th>
            <th scope="col" className="numeric">
              Measured here
            </th>
            <th scope="col">Formula</th>
          </tr>
        </thead>
        <tbody>
          {QUALITY.map(({ name, key, formula, show }) => (
            <tr key={name}>
              <th scope="row">
                {name}
                <span className="hint card-formula">{formula}</span>
              </th>
              <Figure value={claim(key)} missing="not said" show={show} />
              <Figure value={figures?.[key]} missing="–" show={show} />
              <td className="hint">{formula}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {report?.doubts.map((doubt) => (
        <p key={doubt} className="doubt" role="status">
          {doubt}
        </p>
      ))}
      {report?.status === 'failed' && <Failure message={report.message} />}
      {report?.status === 'running' ? <Measuring id={id} report={report} /> : <Measure id={id} figures={figures} measurable={measurable} />}
    </>
  );
}

function Measuring({ id, report: { done, total } }: { id: string; report: Report }) {
  const { stopMeasuring } = useActions();
  return (
    <div className="panel-foot" role="status">
      <span className="hint">
        Measuring, {formatInteger(done)}
        {total > 0 && ` of ${formatInteger(total)}`} tokens
      </span>
      <progress max={1} value={total > 0 ? done / total : undefined} aria-label="Measuring" />
      <button type="button" className="button-small" onClick={() => stopMeasuring(id)}>
        Cancel
      </button>
    </div>
  );
}

function Measure({ id, figures, measurable }: { id: string; figures: Evaluation | null; measurable: boolean }) {
  const { measure } = useActions();
  const whole = formatInteger(WHOLE_SAMPLE_TOKENS);
  const isWhole = figures !== null && figures.tokens >= WHOLE_SAMPLE_TOKENS;
  return (
    <div className="panel-foot">
      {measurable && !isWhole && (
        <button type="button" className="button-small" onClick={() => void measure(id, WHOLE_SAMPLE_TOKENS)}>
          {figures ? `Measure on ${whole} tokens` : 'Measure here'}
        </button>
      )}
      <span className="hint">
        {figures
          ? `Measured on ${formatInteger(figures.tokens)} tokens of Moby Dick, which the page brings along. The claims are of another text.`
          : measurable
            ? `On the first ${whole} tokens of Moby Dick, which the page brings along. The claims are of another text.`
            : 'It can be measured with its model open.'}
      </span>
    </div>
  );
}

function Figure({ value, missing, show }: { value: unknown; missing: string; show: (value: number) => string }) {
  const known = typeof value === 'number';
  return (
    <td className="numeric" title={known ? formatFull(value) : undefined}>
      {known ? show(value) : missing}
    </td>
  );
}

function DensityPicture({ density }: { density: Float32Array }) {
  const { bins, dead } = useMemo(() => densityHistogram(density), [density]);
  const top = Math.max(1, ...bins.map((bin) => bin.count));
  return (
    <figure className="density">
      <div className="density-bars" aria-hidden="true">
        {bins.map((bin) => (
          <span key={bin.label} title={`${bin.label}: ${bin.count} features`}>
            <span style={{ height: `${(100 * bin.count) / top}%` }} />
            <small>{bin.label}</small>
          </span>
        ))}
      </div>
      <figcaption className="hint">
        Features by the share of tokens on which they fire, as its file says. {formatInteger(dead)} of {formatInteger(density.length)} never
        fired.
      </figcaption>
      <details className="fold">
        <summary>As a table</summary>
        <table className="card-table">
          <thead>
            <tr>
              <th scope="col">Share of tokens, at most</th>
              <th scope="col" className="numeric">
                Features
              </th>
            </tr>
          </thead>
          <tbody>
            {bins.map((bin) => (
              <tr key={bin.label}>
                <th scope="row">{bin.label}</th>
                <td className="numeric">{formatInteger(bin.count)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}

function shown(value: string | number | boolean | null): string {
  if (value === null) return 'not said';
  return typeof value === 'number' ? formatFull(value) : String(value);
}
