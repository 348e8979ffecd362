import { useEffect, useState } from 'react';
import { formatBytes, formatFull, formatInteger } from '../../charts/format.ts';
import type { DictionaryCard, ExportFormat } from '../../api/dictionaries.ts';
import { sentenceOf } from '../../state/shared/latest.ts';
import { isOtherModel } from '../../core/lm/modelNames.ts';
import { CopyButton } from '../shared/CopyButton.tsx';
import { FactList } from '../shared/FactList.tsx';
import { placeWords } from '../shared/placeWords.ts';
import { EXPORT_NAMES, ExportButton } from '../shared/ExportButton.tsx';
import { DensityPicture } from './DensityPicture.tsx';
import { Quality } from './Quality.tsx';
import { FeatureLink } from '../shared/FeatureLink.tsx';
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
  const { info, record, misfit, density, notes } = card;
  return (
    <>
      <p>
        <strong>{info.label}</strong>
      </p>
      {misfit && <p className="hint">{misfit}</p>}
      <OtherModel name={info.model} />
      <Facts card={card} />
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
      <Contents card={card} />
      <Exports card={card} />
      <div className="panel-foot">
        <button type="button" className="button-small" onClick={() => openDialog({ kind: 'library' })}>
          All dictionaries
        </button>
        <RandomFeature info={info} />
      </div>
    </>
  );
}

/** The way to its features, where the model that is open has what they read. */
function RandomFeature({ info }: Pick<DictionaryCard, 'info'>) {
  const [latent] = useState(() => Math.floor(Math.random() * info.d_sae));
  return (
    <FeatureLink dictionary={info.id} latent={latent} className="button button-small">
      A feature at random
    </FeatureLink>
  );
}

function OtherModel({ name }: { name: string }) {
  const model = useApp((s) => s.model);
  if (!model || !isOtherModel(name, model.id)) return null;
  return (
    <div className="panel-foot">
      <span className="doubt">
        It was made for {name}; {model.id} is open, whose activations differ.
      </span>
      <RightModel name={name} />
    </div>
  );
}

function Facts({ card: { info, config } }: { card: DictionaryCard }) {
  const facts: [string, string][] = [
    ['features (d_sae)', formatInteger(info.d_sae)],
    ['reads (d_in)', formatInteger(info.d_in)],
    ['architecture', info.architecture],
    ['hook', info.hook || 'not said'],
    ['model', info.model || 'not said'],
    ['activations scaled', String(config.normalize_activations ?? 'none')],
    ['b_dec subtracted first', config.apply_b_dec_to_input ? 'yes' : 'no'],
    ['first token put in front (prepend_bos)', BOS_WORDS[String(config.prepend_bos ?? null)]],
    ['size', formatBytes(info.bytes)],
    ['from', originWords(info)],
  ];
  return (
    <>
      <FactList className="card-facts" facts={facts} />
      {info.hash && (
        <p className="model-hash">
          <span title={info.hash}>
            Tensors <code>{info.hash.slice(0, 23)}…</code>
          </span>
          <CopyButton label="Copy" text={() => info.hash} />
        </p>
      )}
    </>
  );
}

/** Whether texts began with the model's first token when it was trained. */
const BOS_WORDS: Record<string, string> = { true: 'yes, in training', false: 'no', null: 'not said' };

/** What is in its files, folded away. */
function Contents({ card: { tensors, config, record } }: { card: DictionaryCard }) {
  return (
    <>
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
      <Values title="Settings in its file" values={config} />
      {record && <Values title="Training record" values={record} />}
    </>
  );
}

function Values({ title, values }: { title: string; values: DictionaryCard['config'] }) {
  return (
    <details className="fold">
      <summary>{title}</summary>
      <FactList className="card-facts" facts={Object.entries(values).map(([name, value]) => [name, shown(value)])} />
    </details>
  );
}

function Exports({ card: { info, exports } }: { card: DictionaryCard }) {
  return (
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

function shown(value: string | number | boolean | null): string {
  if (value === null) return 'not said';
  return typeof value === 'number' ? formatFull(value) : String(value);
}
