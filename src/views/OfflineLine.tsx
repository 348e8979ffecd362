import { useSyncExternalStore } from 'react';
import type { FeaturescopeApi } from '../app/api.ts';

type OfflineApi = FeaturescopeApi['offline'];
type OfflineStatus = ReturnType<OfflineApi['status']>;

/** Whether the page works without a network, in a few words; '' when there is nothing to say. */
export function offlineWords({ supported, ready, saving, cachedBytes, totalBytes, problem }: OfflineStatus): string {
  if (problem !== undefined) return problem;
  if (!supported) return '';
  if (ready) return 'Works offline.';
  if (!saving || totalBytes === 0) return '';
  return `Saving for offline use… ${Math.floor((100 * cachedBytes) / totalBytes)} %`;
}

function useOffline(offline: OfflineApi): OfflineStatus {
  return useSyncExternalStore(offline.subscribe, offline.status, offline.status);
}

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
  const { update } = useOffline(offline);
  if (!update) return null;
  return (
    <div className="banner" role="status">
      <span className="banner-words">A new version of this page is ready.</span>
      <button type="button" className="button-small" onClick={offline.update} title="Reloads every tab of this page">
        Reload
      </button>
    </div>
  );
}
