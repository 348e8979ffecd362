import { isSameModel } from '../../core/lm/modelNames.ts';
import { formatBytes, formatInteger } from '../../charts/format.ts';
import { useActions, useApp } from '../StoreContext.tsx';
import { Known, useReleases } from './Published.tsx';

/** What others have published for the model in use, a click away: a release whose dictionaries are known by name, and the way to the rest. */
export function PublishedHere({ model }: { model: string }) {
  const { fetchPublished, openDialog } = useActions();
  const busy = useApp((s) => s.importTask.status === 'running');
  const { releases } = useReleases();
  const mine = releases.filter((release) => isSameModel(release.model, model));
  const first = mine.find(({ dictionaries }) => dictionaries.length > 0);
  if (mine.length === 0) return null;
  return (
    <section className="published-here" aria-label={`Published for ${model}`}>
      <h3>Published for this model</h3>
      {first && (
        <>
          <p className="hint">
            {first.title}: {first.about}
          </p>
          <ul className="library">
            {first.dictionaries.map((dictionary) => {
              const { folder } = dictionary;
              const words = first.bytes === undefined ? 'Get' : `Get ${formatBytes(first.bytes)}`;
              const get = () => void fetchPublished({ source: { hub: first.hub, revision: first.revision, folder }, name: folder });
              return (
                <Known key={folder} dictionary={dictionary}>
                  <button type="button" className="button-small" disabled={busy} onClick={get} aria-label={`${words}: ${folder}`}>
                    {words}
                  </button>
                </Known>
              );
            })}
          </ul>
        </>
      )}
      <div className="panel-foot">
        <button type="button" className="button-small" onClick={() => openDialog({ kind: 'library', published: 'all' })}>
          All {formatInteger(mine.length)} published releases
        </button>
      </div>
    </section>
  );
}
