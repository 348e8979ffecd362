import { useState, type FormEvent } from 'react';
import type { DictionaryInfo } from '../../api/dictionaries.ts';
import { featureHash, type FeaturePlace } from '../../state/shared/featureAddress.ts';
import { useActions, useApp } from '../shared/StoreContext.tsx';
import { useFeatureActions } from './FeatureContext.tsx';

const NONE: readonly DictionaryInfo[] = [];

interface ChooserProps {
  place: FeaturePlace | null;
  /** Id of the dictionary of this feature, or of the next one. */
  id: string;
  onWant: (dictionary: string) => void;
}

/** Which dictionary, and which of its features. */
export function Chooser({ place, id, onWant }: ChooserProps) {
  const list = useApp((s) => (s.dictionaries.status === 'done' ? s.dictionaries.list : NONE));
  const { openFeature } = useActions();
  const { step, random } = useFeatureActions();
  const chosen = list.find((d) => d.id === id);
  const fitting = list.filter((d) => d.fits || d.id === id);
  const last = (chosen?.d_sae ?? 1) - 1;
  const latent = place?.latent ?? NaN;
  const choose = (next: string) => {
    const to = list.find((d) => d.id === next);
    onWant(next);
    if (!place || !to) return;
    openFeature({ dictionary: next, latent: Number.isNaN(latent) ? 0 : Math.min(latent, to.d_sae - 1) });
  };
  return (
    <nav className="feature-chooser" aria-label="Which feature">
      <label className="chooser-dictionary">
        <span className="field-label">Dictionary</span>
        <select value={id} onChange={(e) => choose(e.target.value)}>
          {!chosen && <option value={id}>{id === '' ? 'none here' : 'not here'}</option>}
          {fitting.map((d) => (
            <option key={d.id} value={d.id}>
              {d.label}
            </option>
          ))}
        </select>
      </label>
      {/* Another feature, another number in the box. */}
      <NumberBox key={latent} latent={latent} last={last} onGo={(to) => chosen && openFeature({ dictionary: chosen.id, latent: to })} />
      <div className="chooser-steps">
        <button type="button" disabled={!(latent > 0)} onClick={() => step(-1)} title="The feature before (key k)">
          <span aria-hidden="true">‹</span> Previous
        </button>
        <button type="button" disabled={!(latent < last)} onClick={() => step(1)} title="The next feature (key j)">
          Next <span aria-hidden="true">›</span>
        </button>
        <button type="button" disabled={!chosen?.fits} onClick={() => random(id)} title="Of those that fire, where that is known">
          A random feature
        </button>
        {place && (
          <a href={featureHash(null)} className="button" onClick={() => onWant(id)}>
            All features
          </a>
        )}
      </div>
    </nav>
  );
}

function NumberBox({ latent, last, onGo }: { latent: number; last: number; onGo: (latent: number) => void }) {
  const [draft, setDraft] = useState(Number.isNaN(latent) ? '' : String(latent));
  const typed = /^\d{1,9}$/.test(draft.trim()) ? Number(draft) : NaN;
  const go = (event: FormEvent) => {
    event.preventDefault();
    if (!Number.isNaN(typed)) onGo(typed);
  };
  return (
    <form className="chooser-number" onSubmit={go}>
      <label>
        <span className="field-label">Feature</span>
        <input type="text" inputMode="numeric" value={draft} onChange={(e) => setDraft(e.target.value)} title={`0 to ${last}`} />
      </label>
      <button type="submit" disabled={Number.isNaN(typed) || typed === latent}>
        Go
      </button>
    </form>
  );
}
