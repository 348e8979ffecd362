import { formatBytes, formatInteger, formatNumber, formatPercent } from '../../charts/format.ts';
import type { LoadProgress } from '../../api/model.ts';
import type { Report } from '../../state/library/state.ts';
import { Failure } from '../shared/Panel.tsx';
import { misfitWords } from './misfitWords.ts';
import { paceWords } from '../shared/Progress.tsx';
import { RightModel } from '../shared/RightModel.tsx';
import { useActions, useApp } from './store.ts';

/** How the opening of dictionaries goes. */
export function ImportStatus() {
  const task = useApp((s) => s.importTask);
  const { cancelImport, fetchPublished } = useActions();
  if (task.status === 'failed') {
    const { message, again } = task;
    return (
      <>
        <Failure message={`${message} The dictionaries that were here are as they were.`} />
        {again && (
          <div className="panel-foot">
            <button type="button" onClick={() => void fetchPublished(again)}>
              Resume
            </button>
          </div>
        )}
      </>
    );
  }
  if (task.status === 'done') {
    const opened = task.opened.length === 1 ? `${task.opened[0]} is open.` : `${formatInteger(task.opened.length)} dictionaries are open.`;
    return (
      <div className="import-done">
        <p className="hint" role="status">
          {[opened, ...task.warnings].join(' ')}
        </p>
        <FirstLook id={task.first} />
      </div>
    );
  }
  if (task.status !== 'running') return null;
  const { progress, name } = task;
  const known = progress !== null && progress.total > 0;
  return (
    <div className="panel-foot" role="status">
      <span className="hint">{runningWords(progress, name)}</span>
      <progress
        max={1}
        value={known ? progress.loaded / progress.total : undefined}
        aria-label={name === undefined ? 'Reading the files' : `Fetching ${name}`}
      />
      <button type="button" className="button-small" onClick={cancelImport}>
        Cancel
      </button>
    </div>
  );
}

/** What was measured of the dictionary that was just opened, and the way to its report. */
function FirstLook({ id }: { id: string }) {
  const report = useApp((s) => s.reports[id]);
  const model = useApp((s) => s.model?.id);
  const dictionary = useApp((s) => (s.dictionaries.status === 'done' ? s.dictionaries.list.find((d) => d.id === id) : undefined));
  const { openDialog } = useActions();
  const misfit = dictionary && !dictionary.fits ? misfitWords(dictionary, model) : '';
  const words = misfit || (report ? lookWords(report) : '');
  return (
    <div className="panel-foot" role="status">
      <span className={report && report.doubts.length > 0 ? 'doubt' : 'hint'}>{words}</span>
      {dictionary && misfit !== '' && <RightModel name={dictionary.model} />}
      <button type="button" className="button-small" onClick={() => openDialog({ kind: 'card', id })}>
        Report
      </button>
    </div>
  );
}

function lookWords({ status, figures, doubts, claimed, message }: Report): string {
  if (status === 'running' && !figures) return 'Measuring how good it is here…';
  if (status === 'failed') return message;
  if (!figures) return '';
  const { tokens, l0, fvu, ce_recovered } = figures;
  const recovered = Number.isNaN(ce_recovered) ? '' : `, CE recovered ${formatPercent(ce_recovered)}`;
  const words = `On ${formatInteger(tokens)} tokens of Moby Dick: L0 ${formatNumber(l0)}, FVU ${formatNumber(fvu)}${recovered}.`;
  return [words, ...(doubts.length > 0 ? doubts : claimed ? ['That agrees with what is claimed.'] : [])].join(' ');
}

function runningWords(progress: LoadProgress | null, name: string | undefined): string {
  const fetching = name !== undefined && progress?.stage !== 'reading';
  const what = fetching ? `Fetching ${name}` : 'Reading the files';
  if (!progress || progress.total <= 0) return `${what}…`;
  const percent = `${what}, ${Math.floor((100 * progress.loaded) / progress.total)} %`;
  return fetching ? `${percent} (${formatBytes(progress.loaded)} of ${formatBytes(progress.total)})${paceWords(progress)}` : percent;
}
