import { useRef } from 'react';
import type { FileIn } from '../app/api.ts';
import { formatBytes, formatCount, formatInteger } from '../charts/format.ts';
import type { ModelInfo } from '../core/lm/types.ts';
import { CopyButton } from './CopyButton.tsx';
import { FileChooser } from './FileChooser.tsx';
import { nameOfFiles } from './modelFiles.ts';
import { useActions, useApp } from './StoreContext.tsx';
import { FactList } from './FactList.tsx';

const MENU_ID = 'model-menu';

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
  const open = (id: string) => {
    onDone();
    void loadModel(id, id);
  };
  if (models.length === 0) return null;
  return (
    <section aria-label="Models at hand">
      <h3>Open another</h3>
      <ul className="model-list">
        {models.map((m) => {
          const isCurrent = m.id === current?.id && m.source === current.source;
          return (
            <li key={`${m.source} ${m.id}`}>
              <button type="button" onClick={() => open(m.id)} disabled={isCurrent} aria-current={isCurrent}>
                <span>{m.id}</span>
                <span className="hint">{isCurrent ? 'open' : m.source === 'built-in' ? 'comes with the page' : 'from files'}</span>
              </button>
            </li>
          );
        })}
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
        <code>.safetensors</code> or <code>.onnx</code>. Files stay in this tab.
      </p>
    </section>
  );
}
