import { lazy, Suspense, type ComponentType } from 'react';
import { FileChooser } from '../shared/FileChooser.tsx';
import { useActions, useApp } from './store.ts';

/** Fetched for models that the page brings no dictionary for. */
const PublishedHere = lazy<ComponentType<{ model: string }>>(() =>
  import('./hub/PublishedHere.tsx').then(
    (part) => ({ default: part.PublishedHere }),
    // The library says what is missing, and offers the same.
    () => ({ default: Nothing }),
  ),
);

const ImportStatus = lazy<ComponentType>(() =>
  import('./ImportStatus.tsx').then(
    (part) => ({ default: part.ImportStatus }),
    () => ({ default: Nothing }),
  ),
);

function Nothing() {
  return null;
}

/** Ways to a dictionary for the open model, where none at hand fits it. */
export function DictionaryOffer() {
  const model = useApp((s) => s.model?.id ?? '');
  const { importDictionaries } = useActions();
  return (
    <>
      <Suspense fallback={null}>
        <PublishedHere model={model} />
        <div className="import-status import-status-below">
          <ImportStatus />
        </div>
      </Suspense>
      <h3>From your files</h3>
      <FileChooser onFiles={(files) => void importDictionaries(files)} />
    </>
  );
}
