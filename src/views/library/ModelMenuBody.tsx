import type { FileIn, ModelInfo } from '../../api/model.ts';
import { formatBytes, formatCount, formatInteger } from '../../charts/format.ts';
import type { ToOpen } from '../../state/shared/model.ts';
import { CopyButton } from '../shared/CopyButton.tsx';
import { FactList } from '../shared/FactList.tsx';
import { FileChooser } from '../shared/FileChooser.tsx';
import { nameOfFiles } from '../shared/modelFiles.ts';
import { OFFER } from './modelOffer.ts';
import { useActions, useApp } from './store.ts';

const ORIGINS = { 'built-in': 'comes with the page', files: 'from files', hub: 'from the hub, kept here' };
/** End of the id of a model with random weights (core/lm/modelId.ts). */
const RANDOM = /\+random\.\d+$/;
/** Of random weights; scripts may choose another. */
const SEED = 1;

/** About the model in use, and how to open another. */
export function ModelMenuBody({ onDone }: { onDone: () => void }) {
  const model = useApp((s) => s.model);
  const models = useApp((s) => s.models);
  return (
    <>
      {model && <ModelCard model={model} />}
      <ModelList models={models} current={model} onDone={onDone} />
      <OpenFromHub onDone={onDone} />
      <OpenFiles onDone={onDone} />
    </>
  );
}

function ModelCard({ model }: { model: ModelInfo }) {
  const facts: [string, string][] = [
    ['layers', String(model.n_layers)],
    ['d_model', String(model.d_model)],
    ['heads', `${model.n_heads} × ${model.d_head}`],
    ['d_mlp', String(model.d_mlp)],
    ['context', `${formatInteger(model.n_ctx)} tokens`],
    ['vocabulary', `${formatInteger(model.n_tokens)} tokens`],
    ['parameters', formatCount(model.parameters)],
    ['size in fp32', formatBytes(model.bytes)],
  ];
  return (
    <section className="model-card" aria-label={`About ${model.id}`}>
      <h2>{model.id}</h2>
      <FactList facts={facts} />
      {model.notKept && <p className="hint">{model.notKept}</p>}
      {model.noEndOfText && <p className="hint">{model.noEndOfText}</p>}
      {model.hash && (
        <p className="model-hash">
          <span title={model.hash}>
            SHA-256 <code>{model.hash.slice(0, 12)}…</code>
          </span>
          <CopyButton label="Copy" text={() => model.hash} />
        </p>
      )}
    </section>
  );
}

function ModelList({ models, current, onDone }: { models: ModelInfo[]; current: ModelInfo | null; onDone: () => void }) {
  const { loadModel } = useActions();
  const open = (source: ToOpen, name: string) => {
    onDone();
    void loadModel(source, name);
  };
  if (models.length === 0) return null;
  const own = current?.id.replace(RANDOM, '');
  return (
    <section aria-label="Models at hand">
      <h3>Open another</h3>
      <ul className="model-list">
        {models.map((m) => {
          const isCurrent = m.id === current?.id && m.source === current.source;
          return (
            <li key={`${m.source} ${m.id}`}>
              <button type="button" onClick={() => open(m.id, m.id)} disabled={isCurrent} aria-current={isCurrent}>
                <span>{m.id}</span>
                <span className="hint">{isCurrent ? 'open' : ORIGINS[m.source]}</span>
              </button>
            </li>
          );
        })}
        {current && (
          <li>
            <button
              type="button"
              title="A control: what shows up here too was not learned. Every weight is drawn anew with the mean and spread of its tensor; LayerNorm stays."
              onClick={() => open({ random: current.id === own ? SEED : null }, current.id === own ? `${own} with random weights` : own!)}
            >
              <span>
                {own} with {current.id === own ? 'random' : 'its own'} weights
              </span>
              <span className="hint">{current.id === own ? `a control, seed ${SEED}` : 'as it was'}</span>
            </button>
          </li>
        )}
      </ul>
    </section>
  );
}

function OpenFromHub({ onDone }: { onDone: () => void }) {
  const { openDialog } = useActions();
  const open = (id?: string) => {
    onDone();
    openDialog({ kind: 'hub', ...(id !== undefined && { id }) });
  };
  return (
    <section aria-label="From the hub">
      <h3>From the Hugging Face hub</h3>
      <ul className="model-list">
        <li>
          <button type="button" onClick={() => open(OFFER.id)}>
            <span>{OFFER.name}</span>
            <span className="hint">about {OFFER.size}</span>
          </button>
        </li>
        <li>
          <button type="button" onClick={() => open()}>
            <span>Other Pythia models, training steps, mirrors</span>
          </button>
        </li>
      </ul>
    </section>
  );
}

function OpenFiles({ onDone }: { onDone: () => void }) {
  const { loadModel } = useActions();
  const take = (files: FileIn[]) => {
    onDone();
    void loadModel(files, nameOfFiles(files));
  };
  return (
    <section aria-label="Open from files">
      <h3>From your files</h3>
      <FileChooser onFiles={take} />
      <p className="hint">
        Or drop them anywhere on the page. A GPT-NeoX model: <code>config.json</code>, <code>tokenizer.json</code> and weights as{' '}
        <code>.safetensors</code>, <code>.onnx</code> or <code>pytorch_model.bin</code>. Files stay in this tab.
      </p>
    </section>
  );
}
