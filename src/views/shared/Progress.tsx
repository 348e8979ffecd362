import { formatBytes } from '../../charts/format.ts';
import type { LoadProgress } from '../../api/model.ts';

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

export function ProgressLine({ name, progress, onCancel }: ProgressLineProps) {
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
