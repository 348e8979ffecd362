import { useCallback, useMemo, useState, type FormEvent } from 'react';
import type { PublishedSource } from '../../../api/dictionaries.ts';
import { isSameModel } from '../../../core/lm/modelNames.ts';
import { Field } from '../../shared/fields.tsx';
import { Empty, Failure } from '../../shared/Panel.tsx';
import { useActions, useApp } from '../store.ts';
import { Found } from './Found.tsx';
import { useLookUp } from './lookUp.tsx';
import { Release } from './Release.tsx';
import { useReleases } from './releases.tsx';
import { ADDRESS, type LookedUp, type Wanted } from './wanted.ts';

export interface PublishedProps {
  /** Looked up at once: a person asked for it elsewhere. */
  first?: LookedUp;
}

/** Dictionaries that others have published: those for the model in use, those for others, and any address. */
export function Published({ first }: PublishedProps) {
  const { planPublished } = useActions();
  const model = useApp((s) => s.model?.id ?? '');
  const { releases, problem } = useReleases();
  const plan = useCallback((wanted: Wanted, signal: AbortSignal) => planPublished(wanted.source, signal), [planPublished]);
  const { asked, result, lookUp } = useLookUp(
    useMemo(() => (first ? { ...first, at: ADDRESS } : null), [first]),
    plan,
  );
  const shown = (at: string) => asked?.at === at && <Found asked={asked} result={result} onLookUp={lookUp} onCancel={() => lookUp(null)} />;
  const mine = releases.filter((release) => isSameModel(release.model, model));
  const others = releases.filter((release) => !mine.includes(release));
  return (
    <>
      {problem !== null && <Failure message={problem} />}
      <AddressForm onLookUp={lookUp} />
      {shown(ADDRESS)}
      {releases.length > 0 && mine.length === 0 && <Empty>None of them was made for {model}. Each needs its own model.</Empty>}
      {mine.map((release) => (
        <Release key={release.id} release={release} onLookUp={lookUp} found={shown(release.id)} />
      ))}
      {others.length > 0 && (
        <details>
          <summary>For other models ({others.length} releases)</summary>
          {others.map((release) => (
            <Release key={release.id} release={release} onLookUp={lookUp} found={shown(release.id)} other />
          ))}
        </details>
      )}
    </>
  );
}

/** `owner/name/folder` is a place of the hub; anything else is taken for an address. */
function sourceOfWords(words: string): PublishedSource {
  const [owner, name, ...folder] = words.split('/');
  if (words.includes(':') || !name) return { url: words };
  return { hub: `${owner}/${name}`, ...(folder.length > 0 && { folder: folder.join('/') }) };
}

function AddressForm({ onLookUp }: { onLookUp: (asked: Wanted) => void }) {
  const [words, setWords] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const name = words.trim();
    onLookUp({ at: ADDRESS, source: sourceOfWords(name), name });
  };
  return (
    <form className="hub-form" onSubmit={submit}>
      <Field label="Address of a file, of a folder of the hub, or a repository’s name">
        <input
          type="text"
          inputMode="url"
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          placeholder="https://huggingface.co/owner/name/tree/main/folder"
          value={words}
          onChange={(e) => setWords(e.target.value)}
        />
      </Field>
      <button type="submit" className="button" disabled={words.trim() === ''}>
        Look up
      </button>
    </form>
  );
}
