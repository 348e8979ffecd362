import { formatInteger } from '../../charts/format.ts';
import type { Found } from '../../state/feature/state.ts';
import type { FeaturePlace } from '../../state/shared/featureAddress.ts';
import { Empty, Failure, Panel, Skeleton } from '../shared/Panel.tsx';
import { RightModel } from '../shared/RightModel.tsx';
import { useActions, useApp } from '../shared/StoreContext.tsx';

type Missing = Exclude<Found, { status: 'found' }>;

/** Longer names are cut: they may come from anybody's link. */
const SHOWN_CHARACTERS = 80;

/** Why there is no feature to show, and what to do. */
export function NotFound({ place, found }: { place: FeaturePlace; found: Missing }) {
  if (found.status === 'waiting') {
    return (
      <Panel title="Feature" busy>
        <Skeleton lines={6} />
      </Panel>
    );
  }
  return (
    <Panel title="This feature cannot be shown">
      {found.status === 'failed' ? <Failure message={found.message} /> : <Why place={place} found={found} />}
    </Panel>
  );
}

function Why({ place, found }: { place: FeaturePlace; found: Exclude<Missing, { status: 'failed' | 'waiting' }> }) {
  const { openDialog } = useActions();
  const model = useApp((s) => s.model);
  const { dictionary } = found;
  if (!dictionary) {
    return (
      <>
        <Empty>
          {place.dictionary === '' ? 'The address names no dictionary.' : `No dictionary here has the id “${cut(place.dictionary)}”.`} It
          may be one that was opened in another browser, or was removed. Open it again, or choose another above.
        </Empty>
        <div className="panel-foot">
          <button type="button" className="button-small" onClick={() => openDialog({ kind: 'library' })}>
            Dictionaries
          </button>
        </div>
      </>
    );
  }
  if (found.status === 'misfit') {
    return (
      <>
        <Empty>
          {dictionary.label} does not fit {model?.id ?? 'the model'}, which is open: it reads{' '}
          {dictionary.hook || 'a hook that its file does not name'}, {formatInteger(dictionary.d_in)} numbers wide
          {dictionary.model && `, of ${dictionary.model}`}. What its features do is read from the model, so that model has to be open.
        </Empty>
        <div className="panel-foot">
          <RightModel name={dictionary.model} />
        </div>
      </>
    );
  }
  const range = `${dictionary.label} has ${formatInteger(dictionary.d_sae)} features, counted from 0 to ${formatInteger(dictionary.d_sae - 1)}`;
  return (
    <Empty>
      {found.status === 'beyond'
        ? `${range}: there is no feature ${formatInteger(place.latent)}.`
        : `The address gives no number of a feature. ${range}.`}
    </Empty>
  );
}

function cut(words: string): string {
  return words.length > SHOWN_CHARACTERS ? `${words.slice(0, SHOWN_CHARACTERS)}…` : words;
}
