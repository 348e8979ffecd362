import type { PublishedSource } from '../../api/dictionaries.ts';
import { placeWords } from '../shared/placeWords.ts';
import { useActions, useApp } from '../shared/StoreContext.tsx';

/** What a link names and this browser has not: which it is, and how to get it. */
export function LinkBanner() {
  const wanted = useApp((s) => (s.dictionaries.status === 'done' ? s.wanted : null));
  const model = useApp((s) => (s.models.length > 0 ? s.wantedModel : null));
  const { dismissWanted, openDialog } = useActions();
  const lookUp = (source: PublishedSource, name: string) => openDialog({ kind: 'library', published: { source, name } });
  if (!wanted && !model) return null;
  return (
    <div className="banner banner-wanted" role="status">
      <div className="banner-words">
        {model && (
          <p>
            This link was made with the model <strong>{model.id}</strong>, which is not here. Open its files from the Model menu
            {model.hash && (
              <>
                {' '}
                (SHA-256 <code title={model.hash}>{model.hash.slice(0, 12)}…</code>)
              </>
            )}
            ; until then the model that is open reads the text.
            {model.id.includes('/') && (
              <>
                {' '}
                <button type="button" className="button-small" onClick={() => openDialog({ kind: 'hub', id: model.id })}>
                  Look for it on the hub
                </button>
              </>
            )}
          </p>
        )}
        {wanted && (
          <p>
            This link shows features of the dictionary <strong>{wanted.label || wanted.id}</strong>
            {wanted.hook && (
              <>
                {' '}
                for <code>{wanted.hook}</code>
              </>
            )}
            {wanted.model && ` of ${wanted.model}`}, which is not here.{' '}
            {wanted.from
              ? `It is published at ${placeWords(wanted.from)}; the pins appear once it is here.`
              : 'Ask whoever sent the link for its files and import them below; the pins appear then.'}
            {wanted.hash && (
              <>
                {' '}
                Its tensors: <code title={wanted.hash}>{wanted.hash.slice(0, 19)}…</code>
              </>
            )}
            {wanted.from && (
              <>
                {' '}
                <button type="button" className="button-small" onClick={() => lookUp(wanted.from!, wanted.label || wanted.id)}>
                  Look it up there
                </button>
              </>
            )}
          </p>
        )}
      </div>
      <button type="button" className="button-small" onClick={dismissWanted}>
        Dismiss
      </button>
    </div>
  );
}
