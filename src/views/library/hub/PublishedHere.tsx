import type { PublishedRelease } from '../../../api/dictionaries.ts';
import { isSameModel } from '../../../core/lm/modelNames.ts';
import { formatBytes, formatInteger } from '../../../charts/format.ts';
import { useActions, useApp } from '../store.ts';
import { factsOf, Known, useReleases } from './releases.tsx';

/**
 * What others have published for the model in use, a click away: a release whose dictionaries are known by name, else
 * releases of which the hub tells what they hold, and the way to the rest.
 */
export function PublishedHere({ model }: { model: string }) {
  const { openDialog } = useActions();
  const { releases } = useReleases();
  const mine = releases.filter((release) => isSameModel(release.model, model));
  const first = mine.find(({ dictionaries }) => dictionaries.length > 0);
  if (mine.length === 0) return null;
  return (
    <section className="published-here" aria-label={`Published for ${model}`}>
      <h3>Published for this model</h3>
      {first ? <Dictionaries release={first} /> : <Releases releases={mine} />}
      {(first ?? mine.length > 1) && (
        <div className="panel-foot">
          <button type="button" className="button-small" onClick={() => openDialog({ kind: 'library', published: 'all' })}>
            {mine.length > 1 ? `All ${formatInteger(mine.length)} published releases` : 'All it holds, and other releases'}
          </button>
        </div>
      )}
    </section>
  );
}

/** Each of a release's dictionaries, to be had by one click. */
function Dictionaries({ release }: { release: PublishedRelease }) {
  const { fetchPublished } = useActions();
  const busy = useApp((s) => s.importTask.status === 'running');
  const { title, about, dictionaries, bytes, hub, revision } = release;
  const words = bytes === undefined ? 'Get' : `Get ${formatBytes(bytes)}`;
  return (
    <>
      <p className="hint">
        {title}: {about}
      </p>
      <ul className="library">
        {dictionaries.map((dictionary) => {
          const { folder } = dictionary;
          const get = () => void fetchPublished({ source: { hub, revision, folder }, name: folder });
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
  );
}

/** Releases of which only the hub knows what they hold. */
function Releases({ releases }: { releases: readonly PublishedRelease[] }) {
  const { openDialog } = useActions();
  return (
    <ul className="library">
      {releases.map((release) => {
        const { id, title, hub, revision } = release;
        const list = () => openDialog({ kind: 'library', published: { source: { hub, revision }, name: title } });
        return (
          <li key={id}>
            <span className="library-words">
              <strong>{title}</strong>
              <span className="hint">{factsOf(release)}</span>
            </span>
            <span className="library-tools">
              <button type="button" className="button-small" onClick={list} aria-label={`List what ${title} holds`}>
                List them
              </button>
            </span>
          </li>
        );
      })}
    </ul>
  );
}
