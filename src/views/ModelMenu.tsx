import { useRef, useSyncExternalStore } from 'react';
import type { FeaturescopeApi, FileIn } from '../app/api.ts';
import { formatBytes, formatCount, formatInteger } from '../charts/format.ts';
import type { ModelInfo } from '../core/lm/types.ts';
import type { ToOpen } from '../state/appState.ts';
import { CopyButton } from './CopyButton.tsx';
import { FileChooser } from './FileChooser.tsx';
import { nameOfFiles } from './modelFiles.ts';
import { useActions, useApp } from './StoreContext.tsx';
import { FactList } from './FactList.tsx';

const MENU_ID = 'model-menu';
const ORIGINS = { 'built-in': 'comes with the page', files: 'from files', hub: 'from the hub, kept here' };
/** End of the id of a model with random weights (core/lm/modelId.ts). */
const RANDOM = /\+random\.\d+$/;
/** Of random weights; scripts may choose another. */
const SEED = 1;

export function ModelMenu({ modelId }: { modelId: string }) {
  const model = useApp((s) => s.model);
  const models = useApp((s) => s.models);
  const menu = useRef<HTMLDivElement>(null);
  return (
    <>
      <button type="button" className="button-quiet button-menu" popoverTarget={MENU_ID} aria-label={`Model: ${model?.id ?? modelId}`}>
        <span className="label-model">{model?.id ?? modelId}</span>
      </button>
      <div id={MENU_ID} popover="auto" ref={menu} className="menu" role="dialog" aria-label="Model">
        {model && <ModelCard model={model} />}
        <ModelList models={models} current={model} onDone={() => menu.current?.hidePopover()} />
        <OpenFromHub onDone={() => menu.current?.hidePopover()} />
        <OpenFiles onDone={() => menu.current?.hidePopover()} />
      </div>
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

/** What a first visit is offered beside the model of the page. */
const OFFER = { id: 'Xenova/pythia-70m-deduped', name: 'Pythia-70M', size: '143 MB' };

/** In the header, in plain sight, until one of the hub was chosen or the offer was put away. */
export function ModelOffer({ settings }: { settings: FeaturescopeApi['settings'] }) {
  const { openDialog } = useActions();
  const ofPage = useApp((s) => s.model?.source === 'built-in');
  const wanted = useSyncExternalStore(
    settings.subscribe,
    () => settings.get('offer') !== false,
    () => false,
  );
  if (!ofPage || !wanted) return null;
  return (
    <span className="offer wide-only">
      <button type="button" className="button-quiet" onClick={() => openDialog({ kind: 'hub', id: OFFER.id })}>
        Get {OFFER.name} ({OFFER.size})
      </button>
      <button
        type="button"
        className="button-quiet button-icon"
        aria-label={`Do not offer ${OFFER.name}`}
        onClick={() => settings.set('offer', false)}
      >
        ×
      </button>
    </span>
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
        <code>.safetensors</code> or <code>.onnx</code>. Files stay in this tab.
      </p>
    </section>
  );
}
