import { useMemo, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { formatNumber } from '../../charts/format.ts';
import { Num } from '../../charts/Num.tsx';
import { MAX_BARS, TokenBars } from '../../charts/TokenBars.tsx';
import {
  latentEditOf,
  MAX_PINS,
  PIN_LETTERS,
  pinsOf,
  shownLabels,
  tallyOf,
  type FeatureReading,
  type Pin,
} from '../../state/explore/featureFacts.ts';
import { binnedSeries, featureValue } from '../../state/explore/features.ts';
import { firesOn } from '../../state/explore/firesOn.ts';
import type { Tally } from '../../state/explore/ranking.ts';
import { indexNameOf } from '../../state/explore/indexNames.ts';
import { tokenNames } from '../../state/explore/tokenNames.ts';
import { FeatureLink } from '../shared/FeatureLink.tsx';
import { FEATURE_SEARCH_ID } from './FeatureSearch.tsx';
import { LabelCell } from './LabelCell.tsx';
import { useActions, useApp } from './store.ts';

export function PinBadge({ slot }: { slot: number }) {
  return (
    // The letter is drawn by the style sheet: as text it would be part of what the button beside it is called.
    <span className="pin-badge" data-slot={slot} data-letter={PIN_LETTERS[slot]} aria-hidden="true" />
  );
}

/** Features kept at hand while the text changes. */
export function FeaturePins({ reading, position }: { reading: FeatureReading; position: number }) {
  const all = useApp((s) => s.pins);
  const { point, pin: toggle } = useActions();
  const list = useRef<HTMLUListElement>(null);
  const pins = pinsOf(all, reading.dictionary.id);
  if (pins.length === 0) return null;
  const unpin = (place: number) => {
    flushSync(() => {
      toggle(pins[place].latent);
      // A row that goes from under the pointer never says that the pointer left it.
      point(null);
    });
    focusAfter(list.current, place);
  };
  return (
    // What is being written for one dictionary's feature is not for another's of the same number.
    <section key={reading.dictionary.id} className="pins" aria-label="Pinned features">
      <ul ref={list} onPointerLeave={() => point(null)}>
        {pins.map((pin, place) => (
          <PinRow key={pin.latent} pin={pin} reading={reading} position={position} onUnpin={() => unpin(place)} />
        ))}
      </ul>
      {pins.length === MAX_PINS && <p className="hint">All {MAX_PINS} pins are taken: unpin one to pin another.</p>}
    </section>
  );
}

/** The keyboard goes on from the pin that took the place, else the last one, else the search box. */
function focusAfter(list: HTMLElement | null, place: number): void {
  const left = list?.isConnected ? [...list.querySelectorAll<HTMLElement>('.pin-unpin')] : [];
  const next = left[Math.min(place, left.length - 1)] ?? document.getElementById(FEATURE_SEARCH_ID);
  next?.focus({ preventScroll: true });
}

interface PinRowProps {
  pin: Pin;
  reading: FeatureReading;
  position: number;
  onUnpin: () => void;
}

function PinRow({ pin, reading, position, onUnpin }: PinRowProps) {
  const { point, ablate, steer } = useActions();
  const { index, dictionary } = reading;
  const { latent, slot } = pin;
  const counted = tallyOf(
    reading,
    useApp((s) => s.skipSpecial),
  );
  const series = useMemo(() => binnedSeries(index, latent, MAX_BARS, counted.skipped), [index, latent, counted]);
  const ablated = useApp((s) => latentEditOf(s.bench, dictionary.id, latent, 'ablate') !== undefined);
  const steered = useApp((s) => latentEditOf(s.bench, dictionary.id, latent, 'latent_add') !== undefined);
  const row = counted.byLatent.get(latent);
  return (
    <li data-slot={slot} onPointerEnter={() => point(latent)} onFocus={() => point(latent)} onBlur={() => point(null)}>
      <PinBadge slot={slot} />
      <FeatureLink dictionary={dictionary.id} latent={latent} className="pin-name">
        {latent}
      </FeatureLink>
      <PinLabel pin={pin} reading={reading} counted={counted} />
      <TokenBars values={series} />
      <span className="pin-value" title={row ? `maximum ${formatNumber(row.max)}` : 'fires on no token of this text'}>
        {row ? <Num value={featureValue(index, latent, position)} /> : 'silent'}
      </span>
      <span className="pin-tools">
        <button
          type="button"
          className="button-small"
          aria-pressed={ablated}
          aria-label={`${ablated ? 'Ablated' : 'Ablate'} feature ${latent}`}
          title={ablated ? 'Let it act again' : 'Take this feature out of the model at every token and compare predictions'}
          onClick={() => ablate(latent)}
        >
          {ablated ? 'Ablated' : 'Ablate'}
        </button>
        <button
          type="button"
          className="button-small"
          aria-pressed={steered}
          aria-label={`${steered ? 'Steering' : 'Steer'} with feature ${latent}`}
          title={steered ? 'Steer no more' : 'Add half its maximum at every token and compare predictions; the strength is under Edits'}
          onClick={() => steer(latent)}
        >
          {steered ? 'Steering' : 'Steer'}
        </button>
        <button type="button" className="button-small pin-unpin" aria-label={`Unpin feature ${latent}`} title="Unpin" onClick={onUnpin}>
          ×
        </button>
      </span>
    </li>
  );
}

/** Its label, or what it fires on, where it can be written. */
function PinLabel({ pin, reading, counted }: Pick<PinRowProps, 'pin' | 'reading'> & { counted: Tally }) {
  const { label } = useActions();
  const [editing, setEditing] = useState(false);
  const box = useRef<HTMLSpanElement>(null);
  const { dictionary, latent } = pin;
  const text = useApp((s) => shownLabels(s).get(latent));
  const indexed = useApp((s) => (text ? undefined : indexNameOf(s, latent)));
  const fired = text || indexed ? undefined : firesOn(counted, latent, tokenNames(reading));
  const written = (next: string | null, byKey: boolean) => {
    if (next !== null) void label(dictionary, latent, next);
    if (!byKey) return setEditing(false);
    flushSync(() => setEditing(false));
    box.current?.querySelector<HTMLElement>('.label-button')?.focus();
  };
  return (
    <span ref={box} className="feature-label">
      <LabelCell
        latent={latent}
        label={text}
        fired={fired}
        indexed={indexed}
        editing={editing}
        onEdit={() => setEditing(true)}
        onDone={written}
        tabStop
      />
    </span>
  );
}
