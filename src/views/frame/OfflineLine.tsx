import { offlineWords, useOffline, type OfflineApi } from '../shared/Offline.tsx';

export function OfflineLine({ offline }: { offline: OfflineApi }) {
  const words = offlineWords(useOffline(offline));
  return (
    <footer className="app-footer">
      <p>Nothing you type leaves this tab. {words}</p>
    </footer>
  );
}

/** Offered, never forced: the page goes on as the build it is until a person reloads. */
export function UpdateBanner({ offline }: { offline: OfflineApi }) {
  const { update, starting } = useOffline(offline);
  if (!update) return null;
  return (
    <div className="banner" role="status">
      <span className="banner-words">
        {starting ? 'The new version starts in a moment; go on until then.' : 'A new version of this page is ready.'}
      </span>
      {!starting && (
        <button type="button" className="button-small" onClick={offline.update} title="Reloads every tab of this page">
          Reload
        </button>
      )}
    </div>
  );
}
