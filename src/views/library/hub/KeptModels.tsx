import { useState } from 'react';
import type { KeptModel } from '../../../api/model.ts';
import { formatBytes } from '../../../charts/format.ts';
import { sentenceOf } from '../../../state/shared/latest.ts';
import { ConfirmButton } from '../../shared/ConfirmButton.tsx';

interface KeptModelsProps {
  kept: KeptModel[];
  onOpen: (model: KeptModel) => void;
  onDelete: (model: KeptModel) => Promise<void>;
}

/** Models of the hub in this browser, whole ones and beginnings. */
export function KeptModels({ kept, onOpen, onDelete }: KeptModelsProps) {
  const [problem, setProblem] = useState<string | null>(null);
  if (kept.length === 0) return null;
  const remove = (model: KeptModel) => {
    setProblem(null);
    onDelete(model).catch((error: unknown) => setProblem(sentenceOf(error)));
  };
  return (
    <section className="sheet-section" aria-label="Kept in this browser">
      <h3>Kept in this browser</h3>
      {problem !== null && <p role="alert">{problem}</p>}
      <ul className="library">
        {kept.map((model) => (
          <li key={model.id}>
            <span className="library-words">
              <strong>{model.id}</strong>
              <span className="hint">
                {model.whole
                  ? `${formatBytes(model.bytes)}, opens without a network`
                  : `${formatBytes(model.here)} of ${formatBytes(model.bytes)} have arrived`}
              </span>
            </span>
            <span className="library-tools">
              <button type="button" className="button-small" onClick={() => onOpen(model)} aria-label={`${openWord(model)} ${model.id}`}>
                {openWord(model)}
              </button>
              <ConfirmButton label="Delete" name={`Delete ${model.id}`} question="Delete its files?" onConfirm={() => remove(model)} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function openWord({ whole }: KeptModel): string {
  return whole ? 'Open' : 'Go on';
}
