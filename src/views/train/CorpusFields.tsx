import { useEffect, useState, type ChangeEvent } from 'react';
import type { CorpusInfo } from '../../api/training.ts';
import { formatBytes, formatInteger } from '../../charts/format.ts';
import { Failure } from '../shared/Panel.tsx';
import { useActions, useApp } from '../shared/StoreContext.tsx';
import { ConfirmButton } from '../shared/ConfirmButton.tsx';
import { useTraining, useTrainingActions } from './TrainingContext.tsx';
import { Problem } from './TextField.tsx';

const TAKEN = '.txt,.md,.json,.jsonl,.ndjson,.csv,.tsv,.gz';

interface CorpusFieldsProps {
  chosen: readonly string[];
  problem: string | undefined;
  onChange: (names: readonly string[]) => void;
}

/** Which text is trained on, and adding more of it. */
export function CorpusFields({ chosen, problem, onChange }: CorpusFieldsProps) {
  const corpora = useTraining((s) => s.corpora);
  const failure = useTraining((s) => s.failures.corpus);
  const warnings = useTraining((s) => s.corpusWarnings);
  const toggle = (name: string, on: boolean) => onChange(on ? [...chosen, name] : chosen.filter((other) => other !== name));
  return (
    <fieldset className="train-group">
      <legend>Text</legend>
      {corpora.status === 'loading' && <p className="hint">Looking which texts there are…</p>}
      {corpora.status === 'failed' && <Failure message={corpora.message} />}
      {corpora.status === 'done' && (
        <ul className="corpora">
          {corpora.list.map((corpus) => (
            <Corpus key={corpus.name} corpus={corpus} chosen={chosen.includes(corpus.name)} onToggle={toggle} />
          ))}
        </ul>
      )}
      <Problem text={problem} />
      <AddText />
      {failure !== undefined && <Failure message={failure} />}
      {warnings.map((words) => (
        <p key={words} className="hint">
          {words}
        </p>
      ))}
    </fieldset>
  );
}

interface CorpusProps {
  corpus: CorpusInfo;
  chosen: boolean;
  onToggle: (name: string, on: boolean) => void;
}

function Corpus({ corpus: { name, source, bytes, documents }, chosen, onToggle }: CorpusProps) {
  const { removeText } = useTrainingActions();
  const facts = [
    bytes > 0 && formatBytes(bytes),
    documents > 0 && `${formatInteger(documents)} ${documents === 1 ? 'document' : 'documents'}`,
    source === 'built-in' && 'comes with the page',
  ].filter((part) => part !== false);
  return (
    <li>
      <label className="check">
        <input type="checkbox" checked={chosen} onChange={(e) => onToggle(name, e.target.checked)} />
        <span className="corpus-name">
          {name} <span className="hint">{facts.join(', ')}</span>
        </span>
      </label>
      {source === 'added' && (
        <ConfirmButton label="Remove" name={`Remove ${name}`} question={`Remove ${name}?`} onConfirm={() => void removeText(name)} />
      )}
    </li>
  );
}

function AddText() {
  const { addText } = useTrainingActions();
  const adding = useTraining((s) => s.addingText);
  const [pasting, setPasting] = useState(false);
  useDroppedTexts();
  const take = async (event: ChangeEvent<HTMLInputElement>) => {
    const files = [...(event.target.files ?? [])];
    // Choosing the same file again is a change again.
    event.target.value = '';
    for (const file of files) await addText(nameOf(file), file);
  };
  return (
    <>
      <div className="menu-buttons">
        <label className="button button-small">
          {adding ? 'Reading…' : 'Choose files'}
          <input type="file" multiple accept={TAKEN} className="visually-hidden" disabled={adding} onChange={(e) => void take(e)} />
        </label>
        <button type="button" className="button-small" aria-expanded={pasting} onClick={() => setPasting(!pasting)}>
          Paste text
        </button>
      </div>
      {pasting && <Paste onDone={() => setPasting(false)} />}
      <p className="field-help">
        Or drop them on the page: .txt, .md, .jsonl or .json with a “text” field, .csv, .tsv; each also as .gz. They stay in this browser.
      </p>
    </>
  );
}

function Paste({ onDone }: { onDone: () => void }) {
  const { addText } = useTrainingActions();
  const adding = useTraining((s) => s.addingText);
  const [name, setName] = useState('pasted');
  const [text, setText] = useState('');
  const add = async () => {
    if (await addText(name.trim() || 'pasted', text)) onDone();
  };
  return (
    <div className="paste">
      <label className="field">
        <span className="field-label">Name</span>
        <input type="text" value={name} onChange={(e) => setName(e.target.value)} />
      </label>
      <label className="field">
        <span className="field-label">Text</span>
        <textarea rows={5} value={text} onChange={(e) => setText(e.target.value)} />
      </label>
      <div className="menu-buttons">
        <button type="button" className="button-small" disabled={adding || text.trim() === ''} onClick={() => void add()}>
          {adding ? 'Adding…' : 'Add'}
        </button>
        <button type="button" className="button-small" onClick={onDone}>
          Cancel
        </button>
      </div>
    </div>
  );
}

/** Texts dropped anywhere on the page come here. */
function useDroppedTexts() {
  const dropped = useApp((s) => s.droppedTexts);
  const { dropTexts } = useActions();
  const { addText } = useTrainingActions();
  useEffect(() => {
    if (dropped.length === 0) return;
    dropTexts([]);
    void (async () => {
      for (const file of dropped) await addText(nameOf(file), file);
    })();
  }, [dropped, dropTexts, addText]);
}

function nameOf({ name }: File): string {
  return name.replace(/\.gz$/i, '').replace(/\.(txt|md|jsonl?|ndjson|csv|tsv)$/i, '') || name;
}
