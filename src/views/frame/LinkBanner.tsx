import type { LinkedDictionary } from '../../state/shared/link.ts';
import { placeWords } from '../shared/placeWords.ts';
import { useActions, useApp } from '../shared/StoreContext.tsx';

/** What a link names and this browser has not: which it is, and how to get it. */
export function LinkBanner() {
  const wanted = useApp((s) => (s.dictionaries.status === 'done' ? s.wanted : null));
  const model = useApp((s) => (s.models.length > 0 ? s.wantedModel : null));
  const { dismissWanted } = useActions();
  if (!wanted && !model) return null;
  return (
    <div className="banner banner-wanted" role="status">
      <div className="banner-words">
        {model && <WantedModel {...model} />}
        {wanted && <WantedDictionary wanted={wanted} />}
      </div>
      <button type="button" className="button-small" onClick={dismissWanted}>
        Dismiss
      </button>
    </div>
  );
}

function WantedModel({ id, hash }: { id: string; hash: string }) {
  const { openDialog } = useActions();
  return (
    <p>
      This link was made with the model <strong>{id}</strong>, which is not here. Open its files from the Model menu
      {hash && (
        <>
          {' '}
          (SHA-256 <code title={hash}>{hash.slice(0, 12)}…</code>)
        </>
      )}
      ; until then the model that is open reads the text.
      {id.includes('/') && (
        <>
          {' '}
          <button type="button" className="button-small" onClick={() => openDialog({ kind: 'hub', id })}>
            Look for it on the hub
          </button>
        </>
      )}
    </p>
  );
}

function WantedDictionary({ wanted: { id, label, hook, model, hash, from } }: { wanted: LinkedDictionary }) {
  const { openDialog } = useActions();
  const name = label || id;
  return (
    <p>
      This link shows features of the dictionary <strong>{name}</strong>
      {hook && (
        <>
          {' '}
          for <code>{hook}</code>
        </>
      )}
      {model && ` of ${model}`}, which is not here.{' '}
      {from
        ? `It is published at ${placeWords(from)}; the pins appear once it is here.`
        : 'Ask whoever sent the link for its files and import them below; the pins appear then.'}
      {hash && (
        <>
          {' '}
          Its tensors: <code title={hash}>{hash.slice(0, 19)}…</code>
        </>
      )}
      {from && (
        <>
          {' '}
          <button type="button" className="button-small" onClick={() => openDialog({ kind: 'library', published: { source: from, name } })}>
            Look it up there
          </button>
        </>
      )}
    </p>
  );
}
