import { PinBadge } from './FeaturePins.tsx';

interface FeatureNumberProps {
  latent: number;
  label: string | undefined;
  /** −1 when not pinned. */
  slot: number;
  /** Whether Tab reaches it. */
  stop: boolean;
  /** Element that describes the row in focus. */
  detailId: string;
}

/** The head of a row of features: its number, which pins it. */
export function FeatureNumber({ latent, label, slot, stop, detailId }: FeatureNumberProps) {
  const pinned = slot >= 0;
  return (
    <span role="rowheader">
      <button
        type="button"
        className="feature-number"
        tabIndex={stop ? 0 : -1}
        aria-pressed={pinned}
        aria-label={`Feature ${latent}${label ? `, ${label}` : ''}: pin`}
        aria-describedby={stop ? detailId : undefined}
      >
        {pinned && <PinBadge slot={slot} />}
        {latent}
      </button>
    </span>
  );
}
