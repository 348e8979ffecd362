import { useState, type FormEvent } from 'react';
import type { FeaturescopeApi } from '../../../api/featurescope.ts';
import { Field } from '../../shared/fields.tsx';

const HUB = 'https://huggingface.co';

/** Who is asked for models: the hub, or a mirror or host of one's own with the same paths. */
export function MirrorField({ settings }: { settings: FeaturescopeApi['settings'] }) {
  const [address, setAddress] = useState(() => settings.get('hub') ?? HUB);
  const [said, setSaid] = useState<string | null>(null);
  const save = (event: FormEvent) => {
    event.preventDefault();
    const wanted = address.trim();
    if (wanted === '' || wanted === HUB || wanted === `${HUB}/`) {
      setAddress(HUB);
      settings.set('hub', undefined);
      return setSaid('Models come from the Hugging Face hub.');
    }
    if (!URL.canParse(wanted) || !/^(https:|http:\/\/(localhost|127\.0\.0\.1)[:/])/.test(new URL(wanted).href)) {
      return setSaid('An address begins with https:// (or http://localhost). Nothing was changed.');
    }
    settings.set('hub', wanted);
    setSaid(`Models come from ${new URL(wanted).host} from now on.`);
  };
  return (
    <section className="sheet-section" aria-label="Where models come from">
      <form className="hub-form" onSubmit={save}>
        <Field label="Address of the hub, a mirror or your own host">
          <input type="url" value={address} autoComplete="off" spellCheck={false} onChange={(e) => setAddress(e.target.value)} />
        </Field>
        <button type="submit" className="button">
          Use it
        </button>
      </form>
      {said !== null && (
        <p className="hint" role="status">
          {said}
        </p>
      )}
    </section>
  );
}
