import { formatInteger, formatNumber, formatPercent } from '../../charts/format.ts';
import type { RunInfo } from '../../api/training.ts';
import { runHere, watchedRun } from '../../state/train/state.ts';
import { differences, figuresOf, rangeWords, type Figures } from '../../state/train/trainingTable.ts';
import { durationWords, percentDone, resumable, stateName } from '../../state/train/trainingWords.ts';
import { Empty, Failure, Panel, Skeleton } from '../shared/Panel.tsx';
import { useActions } from '../shared/StoreContext.tsx';
import { ConfirmButton } from '../shared/ConfirmButton.tsx';
import { useTraining, useTrainingActions } from './TrainingContext.tsx';

const FIGURES: { name: string; formula: string; key: 'l0' | 'fvu' | 'ce_recovered' | 'dead'; show: (value: number) => string }[] = [
  { name: 'L0', formula: 'features active on a token, mean', key: 'l0', show: formatNumber },
  { name: 'FVU', formula: 'Σ‖x − x̂‖² / Σ‖x − mean x‖²', key: 'fvu', show: formatNumber },
  {
    name: 'CE recovered',
    formula: '(CE zero − CE with x̂) / (CE zero − CE clean), held-out text',
    key: 'ce_recovered',
    show: formatPercent,
  },
  { name: 'Dead', formula: 'features silent for as many tokens as the run says', key: 'dead', show: formatInteger },
];

/** Every run, newest first, with the settings that set them apart. */
export function RunsPanel() {
  const runs = useTraining((s) => s.runs);
  return (
    <Panel title="Runs" className="panel-runs">
      {runs.status === 'loading' && <Skeleton lines={3} />}
      {runs.status === 'failed' && <Failure message={runs.message} />}
      {runs.status === 'done' &&
        (runs.list.length === 0 ? (
          <Empty>
            No run yet. Choose a place in the model and a text, and press Train; the curves appear here while it learns, and the finished
            dictionary joins the library.
          </Empty>
        ) : (
          <Table runs={runs.list} />
        ))}
    </Panel>
  );
}

function Table({ runs }: { runs: readonly RunInfo[] }) {
  const { names, values } = differences(runs);
  const watched = useTraining((s) => watchedRun(s)?.id);
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label="Runs">
      <table className="card-table runs-table">
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">State</th>
            {FIGURES.map(({ name, formula }) => (
              <th key={name} scope="col" className="numeric">
                <abbr title={formula} tabIndex={0}>
                  {name}
                </abbr>
              </th>
            ))}
            <th scope="col" className="numeric">
              Time
            </th>
            {names.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
            <td />
          </tr>
        </thead>
        <tbody>
          {runs.map((run, i) => (
            <Row key={run.id} run={run} watched={run.id === watched} cells={names.map((name) => values[i][name] ?? '–')} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ run, watched, cells }: { run: RunInfo; watched: boolean; cells: readonly string[] }) {
  const { watch } = useTrainingActions();
  const figures = run.dictionaries.flatMap((d) => figuresOf(d) ?? []);
  const unfinished = run.state !== 'finished' && run.plan !== null;
  return (
    <tr className={watched ? 'is-chosen' : undefined}>
      <th scope="row">
        <button
          type="button"
          className="button-small run-name"
          aria-pressed={watched}
          title="Show its curves"
          onClick={() => watch(run.id)}
        >
          {run.name}
        </button>
        <span className="hint">
          {new Date(run.created).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })}
          {run.dictionaries.length > 1 && `, ${run.dictionaries.length} dictionaries`}
        </span>
      </th>
      <td title={run.message}>
        {stateName(run)}
        {unfinished && <span className="hint"> {percentDone(run)}</span>}
      </td>
      {FIGURES.map(({ name, key, show }) => (
        <td key={name} className="numeric">
          {rangeWords(
            figures.map((f: Figures) => f[key]),
            show,
          )}
        </td>
      ))}
      <td className="numeric">{durationWords(run.seconds)}</td>
      {cells.map((cell, i) => (
        <td key={i} className="run-setting" title={cell}>
          {cell}
        </td>
      ))}
      <td className="row-tools">
        <Tools run={run} />
      </td>
    </tr>
  );
}

function Tools({ run }: { run: RunInfo }) {
  const busy = useTraining((s) => s.busy[run.id]);
  const failure = useTraining((s) => s.failures[run.id]);
  const other = useTraining((s) => runHere(s.runs) !== undefined);
  const { resume, remove } = useTrainingActions();
  const { exploreDictionary } = useActions();
  const first = run.dictionaries.find(({ id }) => id !== null)?.id ?? null;
  const going = run.state === 'running' || run.state === 'starting' || run.state === 'elsewhere';
  return (
    <>
      {resumable(run) && (
        <button
          type="button"
          className="button-small"
          disabled={busy !== undefined || other}
          aria-label={`Resume ${run.name}`}
          onClick={() => void resume(run.id)}
        >
          {busy === 'resuming' ? 'Resuming…' : 'Resume'}
        </button>
      )}
      {first !== null && (
        <button type="button" className="button-small" aria-label={`Explore ${run.name}`} onClick={() => void exploreDictionary(first)}>
          Explore
        </button>
      )}
      {!going && (
        <ConfirmButton
          label="Remove"
          name={`Remove ${run.name}`}
          question={first === null ? 'Forget this run and its checkpoint?' : 'Forget this run? Its dictionaries stay.'}
          disabled={busy !== undefined}
          onConfirm={() => void remove(run.id)}
        />
      )}
      {failure !== undefined && <span className="field-problem">{failure}</span>}
    </>
  );
}
