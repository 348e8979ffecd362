import { formatFull } from '../../charts/format.ts';
import { TokenSample } from '../../charts/TokenText.tsx';
import type { NamedToken } from '../../core/lm/glyphs.ts';
import { featureValue } from '../../state/explore/features.ts';
import type { Tally } from '../../state/explore/ranking.ts';
import { FeatureLink } from '../shared/FeatureLink.tsx';
import { useApp } from './store.ts';

interface FeatureDetailProps {
  id: string;
  dictionary: string;
  counted: Tally;
  /** Shown while nothing is pointed at. */
  fallback: number;
  names: readonly NamedToken[];
  labels: ReadonlyMap<number, string>;
  position: number;
}

/** Every digit of the feature pointed at. */
export function FeatureDetail({ id, dictionary, counted, fallback, names, labels, position }: FeatureDetailProps) {
  const pointed = useApp((s) => s.pointed);
  const latent = pointed ?? fallback;
  const { index } = counted;
  const label = labels.get(latent);
  const name = label ? ` “${label}”` : '';
  const row = counted.byLatent.get(latent);
  const link = (
    <FeatureLink dictionary={dictionary} latent={latent}>
      Feature {latent}
    </FeatureLink>
  );
  if (!row) {
    return (
      <p id={id} className="detail feature-detail">
        {link}
        {name} fires on no {counted.skipped.size > 0 ? 'counted ' : ''}token of this text.
      </p>
    );
  }
  return (
    <p id={id} className="detail feature-detail">
      {link}
      {name}: maximum {formatFull(row.max)} at position {row.peak}, <TokenSample name={names[row.peak]} />; sum {formatFull(row.sum)}; fires
      on {row.count} of {counted.tokens} tokens; {formatFull(featureValue(index, latent, position))} at the chosen token.
    </p>
  );
}
