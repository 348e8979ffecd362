import { useEffect } from 'react';
import type { CircuitsApi } from '../../state/circuits/state.ts';
import { Choice } from '../shared/fields.tsx';
import { Spoken } from '../shared/Spoken.tsx';
import { CircuitsProvider, useCircuits, useCircuitsActions } from './CircuitsContext.tsx';
import { PromptPart } from './PromptPart.tsx';
import { TreePart } from './TreePart.tsx';

interface CircuitsScreenProps {
  api: CircuitsApi;
  /** The person's text, in Explore. */
  text: string;
}

/** Which earlier features make one fire, and which carry a prediction: every number a measurement. */
export function CircuitsScreen({ api, text }: CircuitsScreenProps) {
  return (
    <CircuitsProvider api={api}>
      <Screen text={text} />
    </CircuitsProvider>
  );
}

function Screen({ text }: Omit<CircuitsScreenProps, 'api'>) {
  const { setVisible, setExplore, setTab } = useCircuitsActions();
  const tab = useCircuits((s) => s.place.tab);
  const said = useCircuits((s) => s.said);
  useEffect(() => setExplore(text), [setExplore, text]);
  useEffect(() => {
    setVisible(true);
    return () => setVisible(false);
  }, [setVisible]);
  return (
    <main className="circuits">
      <nav className="circuits-tabs" aria-label="What is measured">
        <Choice
          legend="Measure"
          options={[
            { value: 'tree', label: 'What makes a feature fire' },
            { value: 'prompt', label: 'What carries a prediction' },
          ]}
          value={tab}
          onChange={setTab}
        />
      </nav>
      {tab === 'tree' ? <TreePart /> : <PromptPart />}
      <Spoken words={said} />
    </main>
  );
}
