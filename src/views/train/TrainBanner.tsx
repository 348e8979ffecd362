import type { RunInfo, TrainingApi } from '../../api/training.ts';
import { durationWords, percentDone, secondsLeft } from '../../state/train/trainingWords.ts';
import { useActions, useApp } from '../shared/StoreContext.tsx';
import { ConfirmButton } from '../shared/ConfirmButton.tsx';
import { TrainingProvider, useTraining, useTrainingActions } from './TrainingContext.tsx';

/** Over all screens: a run that was interrupted; over the others: that one goes on. */
export function TrainBanner({ api }: { api: TrainingApi }) {
  return (
    <TrainingProvider api={api}>
      <Banners />
    </TrainingProvider>
  );
}

export function Banners() {
  const runs = useTraining((s) => s.runs);
  const elsewhere = useApp((s) => s.view !== 'train');
  if (runs.status !== 'done') return null;
  const going = runs.list.find(({ state }) => state === 'running' || state === 'starting');
  return (
    <>
      {runs.list
        .filter(({ state }) => state === 'interrupted')
        .map((run) => (
          <Interrupted key={run.id} run={run} busy={going !== undefined} />
        ))}
      {elsewhere && going && <Going run={going} />}
    </>
  );
}

function Interrupted({ run, busy }: { run: RunInfo; busy: boolean }) {
  const { resume, remove, watch } = useTrainingActions();
  const { show } = useActions();
  const doing = useTraining((s) => s.busy[run.id]);
  const failure = useTraining((s) => s.failures[run.id]);
  const goOn = () => {
    watch(run.id);
    show('train');
    void resume(run.id);
  };
  return (
    <div className="banner" role="status">
      <span className="banner-words">
        A training run was interrupted at {percentDone(run)}: <strong>{run.name}</strong>. Its last checkpoint is kept.
        {failure !== undefined && ` ${failure}`}
      </span>
      <span className="banner-tools">
        <button
          type="button"
          className="button-small"
          disabled={busy || doing !== undefined}
          title={busy ? 'Another run goes on; pause or stop it first.' : undefined}
          onClick={goOn}
        >
          {doing === 'resuming' ? 'Resuming…' : 'Resume'}
        </button>
        <ConfirmButton label="Forget" question="Forget the run and its checkpoint?" onConfirm={() => void remove(run.id)} />
      </span>
    </div>
  );
}

function Going({ run }: { run: RunInfo }) {
  const { show } = useActions();
  const left = secondsLeft(run);
  return (
    <div className="banner banner-going">
      <span className="banner-words">
        Training <strong>{run.name}</strong>: {run.state === 'starting' ? 'reading text and model' : percentDone(run)}
        {Number.isNaN(left) ? '' : `, about ${durationWords(left)} left`}.
      </span>
      <button type="button" className="button-small" onClick={() => show('train')}>
        Watch
      </button>
    </div>
  );
}
