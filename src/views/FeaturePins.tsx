import { useMemo } from 'react';
import { formatNumber } from '../charts/format.ts';
import { Num } from '../charts/Num.tsx';
import { TokenBars } from '../charts/TokenBars.tsx';
import { ablationOf, MAX_PINS, PIN_LETTERS, pinsOf, type FeatureReading, type Pin } from '../state/featureFacts.ts';
import { featureSeries } from '../state/features.ts';
import { useActions, useApp } from './StoreContext.tsx';

export function PinBadge({ slot }: { slot: number }) {
  return (
    <span className="pin-badge" data-slot={slot} aria-hidden="true">
      {PIN_LETTERS[slot]}
    </span>
  );
}

/** Features kept at hand while the text changes. */
export function FeaturePins({ reading, position }: { reading: FeatureReading; position: number }) {
  const all = useApp((s) => s.pins);
  const { point } = useActions();
  const pins = pinsOf(all, reading.dictionary.id);
  if (pins.length === 0) return null;
  return (
    <section className="pins" aria-label="Pinned features">
      <ul onPointerLeave={() => point(null)}>
        {pins.map((pin) => (
          <PinRow key={pin.latent} pin={pin} reading={reading} position={position} />
        ))}
      </ul>
      {pins.length === MAX_PINS && <p className="hint">All {MAX_PINS} pins are taken: unpin one to pin another.</p>}
    </section>
  );
}

function PinRow({ pin, reading, position }: { pin: Pin; reading: FeatureReading; position: number }) {
  const { point, pin: toggle, ablate } = useActions();
  const { index, dictionary } = reading;
  const { latent, slot } = pin;
  const series = useMemo(() => featureSeries(index, latent), [index, latent]);
  const ablated = useApp((s) => ablationOf(s.bench, dictionary.id, latent) !== undefined);
  const row = index.rows[index.places.get(latent) ?? -1];
  const unpin = () => {
    toggle(latent);
    // A row that goes from under the pointer never says that the pointer left it.
    point(null);
  };
  return (
    <li data-slot={slot} onPointerEnter={() => point(latent)} onFocus={() => point(latent)} onBlur={() => point(null)}>
      <PinBadge slot={slot} />
      <span className="pin-name">{latent}</span>
      <TokenBars values={series} />
      <span className="pin-value" title={row ? `maximum ${formatNumber(row.max)}` : 'fires on no token of this text'}>
        {row ? <Num value={series[position]} /> : 'silent'}
      </span>
      <span className="pin-tools">
        <button
          type="button"
          className="button-small"
          aria-pressed={ablated}
          aria-label={`Ablate feature ${latent}`}
          title={ablated ? 'Let it act again' : 'Take this feature out of the model at every token and compare predictions'}
          onClick={() => ablate(latent)}
        >
          {ablated ? 'Ablated' : 'Ablate'}
        </button>
        <button type="button" className="button-small" aria-label={`Unpin feature ${latent}`} title="Unpin" onClick={unpin}>
          ×
        </button>
      </span>
    </li>
  );
}
