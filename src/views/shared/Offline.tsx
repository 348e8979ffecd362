import { useState, useSyncExternalStore } from 'react';
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import { formatBytes } from '../../charts/format.ts';
import { sentenceOf } from '../../state/shared/latest.ts';

export type OfflineApi = FeaturescopeApi['offline'];
type OfflineStatus = ReturnType<OfflineApi['status']>;

/** Whether the page works without a network, in a few words; '' when there is nothing to say. */
export function offlineWords({ supported, ready, saving, cachedBytes, totalBytes, problem }: OfflineStatus): string {
  if (problem !== undefined) return problem;
  if (!supported) return '';
  if (ready) return 'Works offline.';
  if (!saving || totalBytes === 0) return '';
  return `Saving for offline use… ${Math.floor((100 * cachedBytes) / totalBytes)} %`;
}

export function useOffline(offline: OfflineApi): OfflineStatus {
  return useSyncExternalStore(offline.subscribe, offline.status, offline.status);
}

/** At length, for the storage dialog, which says itself what went wrong: how far it is, and saving it now. */
export function OfflineDetail({ offline }: { offline: OfflineApi }) {
  const status = useOffline(offline);
  const [refused, setRefused] = useState<string | null>(null);
  const save = (everything: boolean) => {
    setRefused(null);
    offline.keep({ everything }).catch((error: unknown) => setRefused(sentenceOf(error)));
  };
  const { supported, ready, saving, cachedBytes, totalBytes, missingBytes, problem } = status;
  return (
    <div className="panel-foot" role="status">
      <span className="hint">{problem === undefined && refused !== null ? refused : offlineDetail(status)}</span>
      {saving && totalBytes > 0 && <progress max={totalBytes} value={cachedBytes} aria-label="Saved for offline use" />}
      {supported && !ready && (
        <button
          type="button"
          className="button-small"
          onClick={() => save(false)}
          title="Otherwise it is saved when the page has nothing else to do"
        >
          Save it now
        </button>
      )}
      {supported && ready && missingBytes > 0 && (
        <button
          type="button"
          className="button-small"
          onClick={() => save(true)}
          title="Also the dictionaries and texts that you have not opened, now and in later versions of this page"
        >
          Save everything ({formatBytes(missingBytes)} more)
        </button>
      )}
    </div>
  );
}

function offlineDetail({ supported, ready, saving, cachedBytes, totalBytes, everythingBytes, missingBytes }: OfflineStatus): string {
  if (!supported) return 'This window cannot save the page itself (it may be private, or without https), so it needs the network to open.';
  if (ready && missingBytes === 0) {
    return `The page is saved, with every dictionary and text that comes with it (${formatBytes(everythingBytes)}): it opens and works without a network.`;
  }
  if (ready) {
    return `The page is saved with its model and the dictionaries and texts you opened (${formatBytes(cachedBytes)}): these work without a network.`;
  }
  if (!saving) return 'The page itself is not saved, so it needs the network to open.';
  if (totalBytes === 0) return 'The page itself will be saved in a moment, so that it opens without a network.';
  return `The page itself is being saved for use without a network: ${formatBytes(cachedBytes)} of ${formatBytes(totalBytes)}.`;
}
