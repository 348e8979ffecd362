import { useState, type ChangeEvent } from 'react';
import { useFeatureActions } from './FeatureContext.tsx';

/** Opens an index that was made by command or in another browser. */
export function OpenIndex() {
  const { importIndex } = useFeatureActions();
  const [words, setWords] = useState('');
  const take = (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.target.files?.[0];
    event.target.value = '';
    if (!file) return;
    setWords(`Opening ${file.name}…`);
    void importIndex(file).then(setWords);
  };
  return (
    <>
      <label className="button button-small" title="A file that npm run index or index:merge has written">
        Open an index file
        <input type="file" accept=".index" className="visually-hidden" onChange={take} />
      </label>
      <span className="hint" role="status">
        {words}
      </span>
    </>
  );
}
