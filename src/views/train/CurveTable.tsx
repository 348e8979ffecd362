import type { DictionaryHistory, RunHistory, RunInfo } from '../../api/training.ts';
import { formatCount, formatInteger, formatNumber, formatPercent } from '../../charts/format.ts';
import { dashOf } from '../../charts/lines.ts';
import { Num } from '../../charts/Num.tsx';
import { perplexity } from '../../state/train/trainingTable.ts';
import { ExportButton } from '../shared/ExportButton.tsx';
import { useActions } from '../shared/StoreContext.tsx';
import { lineStyle, useValuesAt } from './Curves.tsx';
import { useTraining, useTrainingActions } from './TrainingContext.tsx';

interface CurveTableProps {
  run: RunInfo;
  history: RunHistory | null;
  names: readonly string[];
}

const COLUMNS: { name: string; formula: string }[] = [
  { name: 'Loss', formula: 'reconstruction + sparsity (+ dead features’ loss)' },
  { name: 'L0', formula: 'features active on a token, mean' },
  { name: 'FVU', formula: 'Σ‖x − x̂‖² / Σ‖x − mean x‖²' },
  { name: 'Dead', formula: 'features silent for as many tokens as the run says' },
  { name: 'Alive', formula: 'the other features' },
  { name: 'CE recovered', formula: '(CE zero − CE with x̂) / (CE zero − CE clean), held-out text' },
  { name: 'Perplexity', formula: 'exp(CE with x̂), held-out text' },
];

/** The dictionaries of a run: the legend, the values at the cursor, and what can be done with each. */
export function CurveTable({ run, history, names }: CurveTableProps) {
  const cursor = useTraining((s) => s.cursor);
  const clean = history?.flatMap(({ evaluations }) => evaluations.slice(-1)).at(0);
  return (
    <div className="table-scroll">
      <table className="card-table curve-table">
        <caption>
          {cursor === null ? 'Now' : `At ${formatCount(cursor)} tokens`}
          {clean && Number.isFinite(clean.ce_clean) && (
            <span className="hint"> · perplexity of the untouched model {formatNumber(Math.exp(clean.ce_clean))}</span>
          )}
        </caption>
        <thead>
          <tr>
            <th scope="col">Dictionary</th>
            {COLUMNS.map(({ name, formula }) => (
              <th key={name} scope="col" className="numeric">
                <abbr title={formula} tabIndex={0}>
                  {name}
                </abbr>
              </th>
            ))}
            <td />
          </tr>
        </thead>
        <tbody>
          {names.map((name, index) => (
            <Row key={index} run={run} index={index} name={name} history={history?.[index]} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ run, index, name, history }: { run: RunInfo; index: number; name: string; history: DictionaryHistory | undefined }) {
  const shown = useTraining((s) => !s.muted.includes(index));
  const opening = useTraining((s) => s.busy[run.id] === 'opening');
  const { mute, preview } = useTrainingActions();
  const { exploreDictionary } = useActions();
  const { point, evaluation } = useValuesAt(history);
  const { slot, dash } = lineStyle(index);
  const id = run.dictionaries[index]?.id ?? null;
  const width = run.plan?.dictionaries[index]?.settings.d_sae ?? 0;
  const live = run.state === 'running' || run.state === 'paused';
  return (
    <tr>
      <th scope="row">
        <label className="legend-line">
          <input type="checkbox" checked={shown} onChange={() => mute(index)} />
          <svg width="22" height="8" data-line={slot} aria-hidden="true">
            <line className="chart-line" x1="0" x2="22" y1="4" y2="4" strokeDasharray={dashOf(dash)} />
          </svg>
          <span>{name}</span>
        </label>
      </th>
      <Cell value={point?.loss} />
      <Cell value={point?.l0} />
      <Cell value={point?.fvu} />
      <td className="numeric">{point ? formatInteger(point.dead) : '–'}</td>
      <td className="numeric">{point ? formatInteger(width - point.dead) : '–'}</td>
      <td className="numeric">{evaluation && Number.isFinite(evaluation.ce_recovered) ? formatPercent(evaluation.ce_recovered) : '–'}</td>
      <Cell value={evaluation ? perplexity(evaluation) : undefined} />
      <td className="row-tools">
        {id !== null ? (
          <>
            <button type="button" className="button-small" aria-label={`Explore ${name}`} onClick={() => void exploreDictionary(id)}>
              Explore
            </button>
            <ExportButton id={id} label={name} />
          </>
        ) : (
          live && (
            <button
              type="button"
              className="button-small"
              disabled={opening || !point}
              aria-label={`Look through it now: ${name}`}
              title="Opens it as it is at this step on the Explore screen; training goes on"
              onClick={() => void preview(run.id, index)}
            >
              {opening ? 'Opening…' : 'Look through it now'}
            </button>
          )
        )}
      </td>
    </tr>
  );
}

function Cell({ value }: { value: number | undefined }) {
  return <td className="numeric">{value === undefined ? '–' : <Num value={value} />}</td>;
}
