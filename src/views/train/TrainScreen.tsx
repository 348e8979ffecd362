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
    if (going && !wasGoing.current) showRun();
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

/** The button lies at the end of a form that on a phone is several windows long, and it cannot be pressed again: what it began stands above. */
function showRun() {
  scrollTo({ top: 0 });
  const at = document.activeElement;
  const title = document.querySelector<HTMLElement>('.panel-watch h2');
  if (!title || (at !== document.body && !at?.closest('.run-preview'))) return;
  // Not its first button: Pause comes later, and what stops it must not be pressed by a second Enter.
  title.tabIndex = -1;
  title.focus({ preventScroll: true });
}

/** By itself, so that the panels are not drawn again for it. */
function SpokenRun() {
  return <Spoken words={useTraining((s) => spokenWords(watchedRun(s)))} />;
}
