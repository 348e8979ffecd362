import { formatBytes } from '../../charts/format.ts';
import type { LoadProgress } from '../../api/model.ts';
import type { Startup } from '../../state/startup.ts';
import { useActions, useApp } from './StoreContext.tsx';

const STAGES: Record<LoadProgress['stage'], string> = {
  fetching: 'fetching',
  reading: 'reading the weights',
  building: 'building the model',
  done: 'done',
};

/** One line of words for a step of a load. */
export function progressWords(name: string, progress: LoadProgress | null): string {
  if (!progress) return `Opening ${name}`;
  const stage = `Opening ${name}: ${STAGES[progress.stage]}`;
  if (progress.total <= 0) return stage;
  return `${stage}, ${percent(progress)} %`;
}

function percent({ loaded, total }: LoadProgress): number {
  return Math.min(100, Math.floor((100 * loaded) / total));
}

interface ProgressLineProps {
  name: string;
  progress: LoadProgress | null;
  onCancel: () => void;
}

/** How fast and how long: "5.2 MB a second, 16 s left". '' when it cannot be told. */
export function paceWords({ loaded, total, rate, note }: LoadProgress): string {
  if (note !== undefined) return ` – ${note}`;
  if (!rate) return '';
  const seconds = Math.ceil((total - loaded) / rate);
  const left = seconds < 90 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
  return `, ${formatBytes(rate)} a second, ${left} left`;
}

function ProgressLine({ name, progress, onCancel }: ProgressLineProps) {
  const known = progress !== null && progress.total > 0;
  const bytes =
    known && progress.total > 1000 && progress.stage === 'fetching'
      ? ` (${formatBytes(progress.loaded)} of ${formatBytes(progress.total)})`
      : '';
  return (
    <div className="banner">
      <span className="banner-words">
        {progressWords(name, progress)}
        {bytes}
        {progress?.stage === 'fetching' && paceWords(progress)}
      </span>
      <progress max={1} value={known ? progress.loaded / progress.total : undefined} aria-label={`Opening ${name}`} />
      <button type="button" className="button-small" onClick={onCancel}>
        Cancel
      </button>
    </div>
  );
}

/** The first model of the page, and any opened later. */
export function LoadBanners({ startup }: { startup: Startup }) {
  const boot = useApp((s) => s.boot);
  const load = useApp((s) => s.load);
  const { cancelLoad, dismissLoad, loadModel, retryBoot } = useActions();
  const again = load.status === 'failed' ? load.again : undefined;
  return (
    <>
      {boot.status === 'loading' && <ProgressLine name={startup.modelId} progress={boot.progress} onCancel={() => startup.cancel()} />}
      {boot.status === 'failed' && load.status === 'idle' && (
        <div className="banner banner-failure" role="alert">
          <span className="banner-words">{boot.message}</span>
          <button type="button" className="button-small" onClick={retryBoot}>
            Try again
          </button>
        </div>
      )}
      {load.status === 'loading' && <ProgressLine name={load.name} progress={load.progress} onCancel={cancelLoad} />}
      {load.status === 'failed' && (
        <div className="banner banner-failure" role="alert">
          <span className="banner-words">
            {load.message} {load.kept !== null && `${load.kept} is still open.`}
          </span>
          {again !== undefined && load.status === 'failed' && (
            <button type="button" className="button-small" onClick={() => void loadModel(again, load.name)}>
              Resume
            </button>
          )}
          <button type="button" className="button-small" onClick={dismissLoad}>
            Dismiss
          </button>
        </div>
      )}
    </>
  );
}
