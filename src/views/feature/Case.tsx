import { useState } from 'react';
import type { DictionaryInfo } from '../../api/dictionaries.ts';
import type { Domain } from '../../charts/axes.ts';
import { caseOf } from '../../state/feature/state.ts';
import type { FeaturePlace } from '../../state/shared/featureAddress.ts';
import { Panel } from '../shared/Panel.tsx';
import { BesidePanel } from './BesidePanel.tsx';
import type { Choices, Choose, EditFeature, OpenContext } from './choices.ts';
import { ContextsPanel } from './ContextsPanel.tsx';
import { EffectsPanel } from './EffectsPanel.tsx';
import { useFeature } from './FeatureContext.tsx';
import { FiringPanel } from './FiringPanel.tsx';
import { HeadPanel } from './HeadPanel.tsx';
import { IndexPanel } from './IndexPanel.tsx';
import { NeighboursPanel } from './NeighboursPanel.tsx';
import { PartBody } from './PartBody.tsx';
import { RulePanel } from './RulePanel.tsx';
import { WeightsPanel } from './WeightsPanel.tsx';

interface CaseProps {
  place: FeaturePlace;
  dictionary: DictionaryInfo;
  choices: Choices;
  onChoose: Choose;
  onOpen: OpenContext;
  onEdit: EditFeature;
}

/** The panels of one feature. What rests on an index says so where there is none. */
export function Case({ place, dictionary, choices, onChoose, onOpen, onEdit }: CaseProps) {
  const known = useFeature((s) => caseOf(s, place));
  const [range, setRange] = useState<Domain | null>(null);
  const { firing } = known;
  return (
    <>
      <HeadPanel place={place} dictionary={dictionary} firing={firing.status === 'done' ? firing.value : null} onEdit={onEdit} />
      <IndexPanel dictionary={dictionary} />
      {firing.status === 'done' ? (
        <>
          <FiringPanel firing={firing.value} inText={known.inText} {...{ place, choices, onChoose, range }} onRange={setRange} />
          <WeightsPanel part={known.weights} place={place} />
          <ContextsPanel firing={firing.value} {...{ place, choices, onChoose, range, onOpen }} onAll={() => setRange(null)} />
        </>
      ) : (
        <>
          {firing.status !== 'waiting' && firing.status !== 'absent' && (
            <Panel title="When it fires" busy={firing.status === 'running'}>
              <PartBody part={firing} name="firing" absent="">
                {() => null}
              </PartBody>
            </Panel>
          )}
          <WeightsPanel part={known.weights} place={place} />
        </>
      )}
      <EffectsPanel onCorpus={known.corpusEffects} onText={known.textEffects} place={place} />
      <NeighboursPanel part={known.neighbours} together={known.together} place={place} dictionary={dictionary} />
      <BesidePanel part={known.beside} effects={known.besideEffects} {...{ place, dictionary, onOpen }} />
      {firing.status === 'done' && firing.value.record.density > 0 && <RulePanel firing={firing.value} {...{ place, choices, onOpen }} />}
    </>
  );
}
