import { ActivationsPanel } from './ActivationsPanel.tsx';
import { ComparePanel, Differences } from './ComparePanel.tsx';
import { EditsPanel } from './EditsPanel.tsx';
import { FeaturesPanel, type FeatureSlots } from './FeaturesPanel.tsx';
import { GeneratePanel } from './GeneratePanel.tsx';
import { PredictionsPanel } from './PredictionsPanel.tsx';
import { StripPanel } from './StripPanel.tsx';
import { TextPanel } from './TextPanel.tsx';

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
        <GeneratePanel />
        <ActivationsPanel />
      </div>
    </main>
  );
}
