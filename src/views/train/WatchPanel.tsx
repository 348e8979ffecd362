import { formatBytes, formatCount, formatInteger } from '../../charts/format.ts';
import type { RunInfo } from '../../api/training.ts';
import { runHere, watchedRun } from '../../state/train/state.ts';
import { dictionaryNames } from '../../state/train/trainingTable.ts';
import { durationWords, resumable, secondsLeft, shareDone, stateWords } from '../../state/train/trainingWords.ts';
import { FactList } from '../shared/FactList.tsx';
import { Failure, Panel, Skeleton } from '../shared/Panel.tsx';
import { ConfirmButton } from '../shared/ConfirmButton.tsx';
import { Curves } from './Curves.tsx';
import { CurveTable } from './CurveTable.tsx';
import { useTraining, useTrainingActions } from './TrainingContext.tsx';

/** One run: how it stands, its curves, and what can be done with it. Nothing while there is none. */
export function WatchPanel() {
  const run = useTraining(watchedRun);
  const curves = useTraining((s) => s.curves);
  const failure = useTraining((s) => (run ? s.failures[run.id] : undefined));
  const log = useTraining((s) => s.charts.log);
  const { setCharts } = useTrainingActions();
  if (!run) return null;
  const names = run.plan ? dictionaryNames(run.plan) : [];
  const history = curves.status === 'done' && curves.id === run.id ? curves.history : null;
  return (
    <Panel title={run.name} className="panel-watch" aside={<RunButtons run={run} />}>
      <p className={run.state === 'failed' ? 'failure' : undefined}>{stateWords(run)}</p>
      {run.plan && run.state !== 'finished' && <progress max={1} value={shareDone(run)} aria-label="Trained" />}
      {!run.exact && (
        <p className="hint">After an interruption it went on with other kernels, so it is not bit for bit the uninterrupted run.</p>
      )}
      {failure !== undefined && <Failure message={failure} />}
      <RunFacts run={run} />
      {names.length > 0 && <CurveTable run={run} history={history} names={names} />}
      {curves.status === 'failed' && <Failure message={curves.message} />}
      {run.state !== 'starting' && !history && curves.status === 'loading' && <Skeleton lines={6} />}
      {history && (
        <>
          <label className="check">
            <input type="checkbox" checked={log} onChange={(e) => setCharts({ log: e.target.checked })} />
            <span>Losses, L0 and FVU on a logarithmic axis</span>
          </label>
          <Curves key={run.id} run={run} history={history} names={names} />
        </>
      )}
    </Panel>
  );
}

function RunFacts({ run }: { run: RunInfo }) {
  const left = secondsLeft(run);
  const going = run.state === 'running';
  const facts: [string, string][] = [
    [
      'tokens',
      run.plan
        ? `${formatCount(Math.min(run.step * run.plan.batch, run.plan.tokens))} of ${formatCount(run.plan.tokens)}`
        : 'not known yet',
    ],
    ['time spent', durationWords(run.seconds)],
  ];
  if (going) facts.push(['time left', Number.isNaN(left) ? 'not known yet' : durationWords(left)]);
  if (run.tokensPerSecond > 0) facts.push(['speed', `${formatCount(Math.round(run.tokensPerSecond))} tokens/s`]);
  if (run.bytes > 0) facts.push(['memory', formatBytes(run.bytes)]);
  if (run.kernels !== '')
    facts.push(['computes on', `${run.kernels}${run.threads > 0 ? `, ${run.threads} ${run.threads === 1 ? 'thread' : 'threads'}` : ''}`]);
  if (run.plan) facts.push(['text', run.plan.corpus.names.join(' + ')]);
  if (run.resumes > 0) facts.push(['resumed', `${formatInteger(run.resumes)} ${run.resumes === 1 ? 'time' : 'times'}`]);
  return <FactList className="run-facts" facts={facts} />;
}

function RunButtons({ run }: { run: RunInfo }) {
  const busy = useTraining((s) => s.busy[run.id]);
  const other = useTraining((s) => {
    const here = runHere(s.runs);
    return here !== undefined && here.id !== run.id;
  });
  const { pause, resume, takeSettingsOf } = useTrainingActions();
  const here = run.state === 'running' || run.state === 'starting';
  return (
    <>
      {here && (
        <button
          type="button"
          className="button-small"
          disabled={busy !== undefined || run.state === 'starting'}
          onClick={() => void pause(run.id)}
        >
          {busy === 'pausing' ? 'Pausing…' : 'Pause'}
        </button>
      )}
      {resumable(run) && (
        <button
          type="button"
          className="button-small"
          disabled={busy !== undefined || other}
          title={other ? 'Another run goes on; pause or stop it first.' : undefined}
          onClick={() => void resume(run.id)}
        >
          {busy === 'resuming' ? 'Resuming…' : 'Resume'}
        </button>
      )}
      {(here || run.state === 'paused') && <StopButtons run={run} />}
      {!here && (
        <button
          type="button"
          className="button-small"
          onClick={() => takeSettingsOf(run)}
          title="Puts the settings of this run into the form"
        >
          Use its settings
        </button>
      )}
    </>
  );
}

function StopButtons({ run }: { run: RunInfo }) {
  const busy = useTraining((s) => s.busy[run.id]);
  const { stop } = useTrainingActions();
  return (
    <>
      <button
        type="button"
        className="button-small"
        disabled={busy !== undefined || run.state === 'starting'}
        title="Ends the run; its dictionaries join the library as they are"
        onClick={() => void stop(run.id, true)}
      >
        {busy === 'stopping' ? 'Stopping…' : 'Stop and keep'}
      </button>
      <ConfirmButton
        label="Stop and discard"
        question="Nothing of this run is kept. Discard it?"
        disabled={busy !== undefined}
        onConfirm={() => void stop(run.id, false)}
      />
    </>
  );
}
