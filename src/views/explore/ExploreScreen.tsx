import { Suspense } from 'react';
import { ActivationsPanel } from './ActivationsPanel.tsx';
import { ComparePanel, Differences } from './ComparePanel.tsx';
import { EditsPanel } from './EditsPanel.tsx';
import { FeaturesPanel, type FeatureSlots } from './FeaturesPanel.tsx';
import { PredictionsPanel } from './PredictionsPanel.tsx';
import { laterPart } from '../shared/later.tsx';
import { Panel, Skeleton } from '../shared/Panel.tsx';
import { StripPanel } from './StripPanel.tsx';
import { TextPanel } from './TextPanel.tsx';

/** Below what a first look sees. */
const GeneratePanel = laterPart<object>(() => import('./GeneratePanel.tsx').then((m) => m.GeneratePanel));

/** Text, tokens, features, edits, and what the model makes of them. */
export function ExploreScreen(slots: FeatureSlots) {
  return (
    <main>
      <TextPanel />
      <StripPanel />
      <ComparePanel />
      <div className="column column-features">
        <Differences />
        <FeaturesPanel {...slots} />
        <EditsPanel />
      </div>
      <div className="column column-model">
        <PredictionsPanel />
        <Suspense
          fallback={
            <Panel title="Continue the text" busy>
              <Skeleton lines={3} />
            </Panel>
          }
        >
          <GeneratePanel />
        </Suspense>
        <ActivationsPanel />
      </div>
    </main>
  );
}
