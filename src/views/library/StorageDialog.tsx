import { useCallback, useEffect, useState } from 'react';
import type { AskedHost } from '../../api/model.ts';
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import type { StorageUse } from '../../api/storage.ts';
import { formatBytes, formatPercent } from '../../charts/format.ts';
import { sentenceOf } from '../../state/shared/latest.ts';
import { ExportButton } from '../shared/ExportButton.tsx';
import { OfflineDetail, useOffline } from '../shared/Offline.tsx';
import { Empty, Failure, Skeleton } from '../shared/Panel.tsx';
import { saveBlob } from '../shared/saveBlob.ts';
import { Sheet } from '../shared/Sheet.tsx';
import { useActions } from './store.ts';

type Item = StorageUse['items'][number];
type Loaded = { status: 'loading' } | { status: 'done'; use: StorageUse } | { status: 'failed'; message: string };

/** What this page keeps in the browser, how much room there is, and deleting it. */
export function StorageDialog({ api }: { api: Pick<FeaturescopeApi, 'offline' | 'requests'> }) {
  const { offline } = api;
  const { openDialog, storageUse, watchStorage } = useActions();
  const [loaded, setLoaded] = useState<Loaded>({ status: 'loading' });
  const load = useCallback(() => {
    storageUse().then(
      (use) => setLoaded({ status: 'done', use }),
      (error: unknown) => setLoaded({ status: 'failed', message: sentenceOf(error) }),
    );
  }, [storageUse]);
  useEffect(() => watchStorage(load), [load, watchStorage]);
  const { ready, saving, problem } = useOffline(offline);
  useEffect(load, [load, ready, saving, problem]);
  return (
    <Sheet title="Storage of this page" onClose={() => openDialog(null)}>
      {loaded.status === 'loading' && <Skeleton lines={5} />}
      {loaded.status === 'failed' && <Failure message={loaded.message} />}
      {loaded.status === 'done' && <Use use={loaded.use} offline={offline} onChange={load} />}
      <Hosts requests={api.requests} />
    </Sheet>
  );
}

interface UseProps {
  use: StorageUse;
  offline: FeaturescopeApi['offline'];
  onChange: () => void;
}

function Use({ use, offline, onChange }: UseProps) {
  const { openDialog, exportLabels } = useActions();
  const saveLabels = async () => {
    const blob = await exportLabels(true);
    if (blob) saveBlob(blob, 'featurescope labels.json');
  };
  return (
    <>
      {use.problem && <p className={use.available ? 'hint' : 'failure'}>{use.problem}</p>}
      <Meter use={use} />
      <Persistence use={use} onChange={onChange} />
      <OfflineDetail offline={offline} />
      {use.items.length === 0 ? (
        <Empty>
          {use.available
            ? 'Nothing is kept yet. Dictionaries you open and labels you write are kept here, in this browser only.'
            : 'This window keeps nothing for the next visit (it may be private). Dictionaries you open and labels you write work until it is closed; export what you want to keep.'}
        </Empty>
      ) : (
        <ul className="library">
          {use.items.map((item) => (
            <Kept key={`${item.kind} ${item.id}`} item={item} onChange={onChange} />
          ))}
        </ul>
      )}
      <div className="panel-foot">
        <button type="button" className="button-small" onClick={() => void saveLabels()}>
          Export all labels
        </button>
        <button type="button" className="button-small" onClick={() => openDialog({ kind: 'library' })}>
          Dictionaries
        </button>
      </div>
    </>
  );
}

/** Everybody this page asked something of since it was opened. */
function Hosts({ requests }: { requests: FeaturescopeApi['requests'] }) {
  const [hosts, setHosts] = useState<AskedHost[]>([]);
  useEffect(() => void requests().then(setHosts, () => undefined), [requests]);
  return (
    <section className="sheet-section" aria-label="Hosts asked">
      <h3>Hosts asked since the page was opened</h3>
      <ul className="library">
        {hosts.map(({ host, requests: count, bytes }) => (
          <li key={host}>
            <span className="library-words">{host === location.origin ? `${host} (this page’s own)` : host}</span>
            <span className="hint">
              {count} {count === 1 ? 'request' : 'requests'}, {formatBytes(bytes)} received
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Meter({ use: { used, quota } }: { use: StorageUse }) {
  if (used === null || !quota) return <p className="hint">The browser does not say how much room there is.</p>;
  return (
    <div className="meter">
      <p>
        {formatBytes(used)} of the {formatBytes(quota)} that the browser gives this page are used ({formatPercent(used / quota)}), downloads
        of the page itself included.
      </p>
      <progress max={quota} value={used} aria-label="Room used" />
    </div>
  );
}

function Persistence({ use, onChange }: { use: StorageUse; onChange: () => void }) {
  const { persistStorage } = useActions();
  const [refused, setRefused] = useState(false);
  const ask = async () => {
    setRefused(!(await persistStorage()));
    onChange();
  };
  if (!use.available) return null;
  if (use.persisted) return <p className="hint">The browser has promised to keep this until you delete it.</p>;
  return (
    <div className="panel-foot">
      <span className="hint">
        {refused
          ? 'The browser did not promise it. Some do once the page is bookmarked or used often; export what you cannot lose.'
          : 'The browser may delete this when room gets scarce.'}
      </span>
      <button type="button" className="button-small" onClick={() => void ask()}>
        Ask it to keep everything
      </button>
    </div>
  );
}

function Kept({ item, onChange }: { item: Item; onChange: () => void }) {
  const { removeStored } = useActions();
  const remove = async () => {
    await removeStored(item);
    onChange();
  };
  return (
    <li>
      <div className="library-words">
        <strong>{item.label}</strong>
        <span className="hint">{formatBytes(item.bytes)}</span>
      </div>
      <div className="library-tools">
        {item.kind === 'dictionary' && <ExportButton id={item.id} label={item.label} />}
        <button type="button" className="button-small" onClick={() => void remove()} aria-label={`Delete ${item.label}`}>
          Delete
        </button>
      </div>
    </li>
  );
}
