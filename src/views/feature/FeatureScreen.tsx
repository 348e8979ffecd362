import { useEffect, useState } from 'react';
import { findPlace, indexOf, keyOf, type FeatureApi } from '../../state/feature/state.ts';
import type { FeaturePlace } from '../../state/shared/featureAddress.ts';
import { useApp } from '../shared/StoreContext.tsx';
import { Empty, Panel } from '../shared/Panel.tsx';
import { Case } from './Case.tsx';
import { Chooser } from './Chooser.tsx';
import { FIRST_CHOICES, type EditFeature, type OpenContext } from './choices.ts';
import { FeatureProvider, useFeature, useFeatureActions } from './FeatureContext.tsx';
import { IndexPanel } from './IndexPanel.tsx';
import { ListsPanel } from './ListsPanel.tsx';
import { NotFound } from './NotFound.tsx';
import { useStepKeys } from './stepKeys.ts';

interface FeatureScreenProps {
  api: FeatureApi;
  /** The person's text, in Explore. */
  text: string;
  /** Opens a context there. */
  onOpen: OpenContext;
  /** Edits a feature there. */
  onEdit: EditFeature;
}

/** One feature with its whole case: when it fires, what it writes, what it causes, what is near it. */
export function FeatureScreen({ api, ...rest }: FeatureScreenProps) {
  return (
    <FeatureProvider api={api}>
      <Screen {...rest} />
    </FeatureProvider>
  );
}

export function Screen({ text, onOpen, onEdit }: Omit<FeatureScreenProps, 'api'>) {
  const { setShown, setText, step } = useFeatureActions();
  const place = useApp((s) => s.feature);
  // Without a feature, Explore's dictionary unless another was chosen here.
  const used = useApp((s) => s.dictionary);
  const [wanted, setWanted] = useState<string | null>(null);
  const id = place?.dictionary ?? wanted ?? used;
  useEffect(() => setText(text), [setText, text]);
  useEffect(() => {
    setShown(true);
    return () => setShown(false);
  }, [setShown]);
  useStepKeys(step);
  return (
    <main className="feature">
      <Chooser place={place} id={id} onWant={setWanted} />
      {place ? <Chosen place={place} onOpen={onOpen} onEdit={onEdit} /> : <NoneChosen id={id} />}
    </main>
  );
}

function Chosen({ place, onOpen, onEdit }: { place: FeaturePlace } & Pick<FeatureScreenProps, 'onOpen' | 'onEdit'>) {
  const dictionaries = useApp((s) => s.dictionaries);
  const model = useApp((s) => s.model);
  // How things are shown stays from feature to feature; what is shown of one does not.
  const [choices, setChoices] = useState(FIRST_CHOICES);
  const found = findPlace({ dictionaries, model }, place);
  if (found.status !== 'found') return <NotFound place={place} found={found} />;
  return (
    <Case
      key={keyOf(place)}
      place={place}
      dictionary={found.dictionary}
      choices={choices}
      onChoose={(patch) => setChoices((now) => ({ ...now, ...patch }))}
      onOpen={onOpen}
      onEdit={onEdit}
    />
  );
}

function NoneChosen({ id }: { id: string }) {
  const dictionary = useApp((s) => (s.dictionaries.status === 'done' ? s.dictionaries.list.find((d) => d.id === id) : undefined));
  const info = useFeature((s) => indexOf(s, id));
  const isListed = dictionary?.fits && info && info.tokens === info.total;
  return (
    <>
      {!isListed && (
        <Panel title="No feature chosen yet">
          <Empty>
            Choose one by its number, or at random, or click one in the list of features in Explore. Its page shows when it fires, with
            contexts, what it writes and reads, what changes when it is taken out, and what is near it.
          </Empty>
        </Panel>
      )}
      {dictionary?.fits && <IndexPanel dictionary={dictionary} />}
      {isListed && <ListsPanel key={id} dictionary={dictionary} info={info} />}
    </>
  );
}
