import { useEffect, useRef } from 'react';
import type { TrainingApi } from '../../api/training.ts';
import { runHere, watchedRun } from '../../state/train/state.ts';
import { spokenWords } from '../../state/train/trainingWords.ts';
import { Spoken } from '../shared/Spoken.tsx';
import { ParetoPanel } from './ParetoPanel.tsx';
import { RunsPanel } from './RunsPanel.tsx';
import { SetupPanel } from './SetupPanel.tsx';
import { TrainingProvider, useTraining, useTrainingActions } from './TrainingContext.tsx';
import { WatchPanel } from './WatchPanel.tsx';

/** The second screen of the page: set a run up, watch it, compare runs. */
export function TrainScreen({ api }: { api: TrainingApi }) {
  return (
    <TrainingProvider api={api}>
      <Layout />
    </TrainingProvider>
  );
}

function Layout() {
  const going = useTraining((s) => runHere(s.runs) !== undefined);
  const { setShown } = useTrainingActions();
  useEffect(() => {
    setShown(true);
    return () => setShown(false);
  }, [setShown]);
  const wasGoing = useRef(going);
  useEffect(() => {
    // The button lies at the end of a form that on a phone is several windows long; what it began stands above.
    if (going && !wasGoing.current) scrollTo({ top: 0 });
    wasGoing.current = going;
  }, [going]);
  const setup = <SetupPanel key="setup" />;
  const watch = <WatchPanel key="watch" />;
  return (
    <main className="train">
      {/* What goes on comes first for those who read from top to bottom. */}
      {going ? [watch, setup] : [setup, watch]}
      <ParetoPanel />
      <RunsPanel />
      <SpokenRun />
    </main>
  );
}

/** By itself, so that the panels are not drawn again for it. */
function SpokenRun() {
  return <Spoken words={useTraining((s) => spokenWords(watchedRun(s)))} />;
}
