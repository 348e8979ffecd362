import { useEffect, useRef, useState } from 'react';
import type { TrainingApi } from '../../app/api.ts';
import { runHere, watchedRun } from '../../state/training.ts';
import { spokenWords } from '../../state/trainingWords.ts';
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
  const setup = <SetupPanel key="setup" />;
  const watch = <WatchPanel key="watch" />;
  return (
    <main className="train">
      {/* What goes on comes first for those who read from top to bottom. */}
      {going ? [watch, setup] : [setup, watch]}
      <ParetoPanel />
      <RunsPanel />
      <Spoken />
    </main>
  );
}

/** Speech is slow: at most one message in this time. */
const PAUSE_MS = 5000;

function Spoken() {
  const words = useTraining((s) => spokenWords(watchedRun(s)));
  const [said, setSaid] = useState('');
  const last = useRef(0);
  useEffect(() => {
    const wait = Math.max(0, last.current + PAUSE_MS - performance.now());
    const timer = setTimeout(() => {
      last.current = performance.now();
      setSaid(words);
    }, wait);
    return () => clearTimeout(timer);
  }, [words]);
  return (
    <p role="status" className="visually-hidden">
      {said}
    </p>
  );
}
