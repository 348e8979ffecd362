import { Suspense, type ReactNode } from 'react';
import { hasEdits } from '../../state/explore/selectors.ts';
import { ComparePanel, Differences } from './ComparePanel.tsx';
import { FeaturesPanel, type FeatureSlots } from './FeaturesPanel.tsx';
import { PredictionsPanel } from './PredictionsPanel.tsx';
import { laterPart } from '../shared/later.tsx';
import { Panel, Skeleton } from '../shared/Panel.tsx';
import { StripPanel } from './StripPanel.tsx';
import { useApp } from './store.ts';
import { TextPanel } from './TextPanel.tsx';

/** Below what a first look sees. */
const EditsPanel = laterPart<object>(() => import('./EditsPanel.tsx').then((m) => m.EditsPanel));
const GeneratePanel = laterPart<object>(() => import('./GeneratePanel.tsx').then((m) => m.GeneratePanel));
const ActivationsPanel = laterPart<object>(() => import('./ActivationsPanel.tsx').then((m) => m.ActivationsPanel));

/** Text, tokens, features, edits, and what the model makes of them. @param study what the edits change */
export function ExploreScreen({ study, ...slots }: FeatureSlots & { study: ReactNode }) {
  const edited = useApp(hasEdits);
  return (
    <main>
      <TextPanel />
      <StripPanel />
      <ComparePanel />
      <div className="column column-features">
        <Differences />
        <FeaturesPanel {...slots} />
        <Suspense fallback={<Waiting title="Edits" />}>
          <EditsPanel />
        </Suspense>
        {edited && <Suspense fallback={<Waiting title="What the edits change" />}>{study}</Suspense>}
      </div>
      <div className="column column-model">
        <PredictionsPanel />
        <Suspense fallback={<Waiting title="Continue the text" />}>
          <GeneratePanel />
        </Suspense>
        <Suspense fallback={<Waiting title="Activations" />}>
          <ActivationsPanel />
        </Suspense>
      </div>
    </main>
  );
}

function Waiting({ title }: { title: string }) {
  return (
    <Panel title={title} busy>
      <Skeleton lines={3} />
    </Panel>
  );
}
