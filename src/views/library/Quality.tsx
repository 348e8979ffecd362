import type { DictionaryCard, Evaluation } from '../../api/dictionaries.ts';
import { formatFull, formatInteger, formatNumber, formatPercent } from '../../charts/format.ts';
import { WHOLE_SAMPLE_TOKENS } from '../../state/library/reports.ts';
import type { Report } from '../../state/library/state.ts';
import { Failure } from '../shared/Panel.tsx';
import { useActions, useApp } from './store.ts';

/** Figures under the names that training records and evaluations give them. */
const QUALITY: { name: string; key: 'l0' | 'fvu' | 'ce_recovered' | 'alive' | 'dead'; formula: string; show: (value: number) => string }[] =
  [
    { name: 'L0', key: 'l0', formula: 'features active on a token, mean', show: formatNumber },
    { name: 'FVU', key: 'fvu', formula: 'Σ‖x − x̂‖² / Σ‖x − mean‖²', show: formatNumber },
    { name: 'CE recovered', key: 'ce_recovered', formula: '(CE zero − CE with x̂) / (CE zero − CE clean)', show: formatPercent },
    { name: 'Alive', key: 'alive', formula: 'features that fire on more than 10 of these tokens', show: formatInteger },
    { name: 'Dead', key: 'dead', formula: 'features that fire on none of these tokens', show: formatInteger },
  ];

/** What is claimed of a dictionary beside what was measured here, and the button that measures. */
export function Quality({ id, record, measurable }: { id: string; record: DictionaryCard['record']; measurable: boolean }) {
  const report = useApp((s) => s.reports[id]);
  const figures = report?.figures ?? null;
  const isPublished = QUALITY.every(({ key }) => record?.[key] === undefined) && QUALITY.some(({ key }) => record?.[`published.${key}`]);
  const claim = (key: (typeof QUALITY)[number]['key']) => record?.[isPublished ? `published.${key}` : key];
  return (
    <>
      <table className="card-table card-quality">
        <caption>How good it is</caption>
        <thead>
          <tr>
            <th scope="col">Figure</th>
            <th scope="col" className="numeric">
              {isPublished ? 'Its publisher says' : 'Its file says'}
            </th>
            <th scope="col" className="numeric">
              Measured here
            </th>
            <th scope="col">Formula</th>
          </tr>
        </thead>
        <tbody>
          {QUALITY.map(({ name, key, formula, show }) => (
            <tr key={name}>
              <th scope="row">
                {name}
                <span className="hint card-formula">{formula}</span>
              </th>
              <Figure value={claim(key)} missing="not said" show={show} />
              <Figure value={figures?.[key]} missing="–" show={show} />
              <td className="hint">{formula}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {report?.doubts.map((doubt) => (
        <p key={doubt} className="doubt" role="status">
          {doubt}
        </p>
      ))}
      {report?.status === 'failed' && <Failure message={report.message} />}
      {report?.status === 'running' ? <Measuring id={id} report={report} /> : <Measure id={id} figures={figures} measurable={measurable} />}
    </>
  );
}

function Measuring({ id, report: { done, total } }: { id: string; report: Report }) {
  const { stopMeasuring } = useActions();
  return (
    <div className="panel-foot" role="status">
      <span className="hint">
        Measuring, {formatInteger(done)}
        {total > 0 && ` of ${formatInteger(total)}`} tokens
      </span>
      <progress max={1} value={total > 0 ? done / total : undefined} aria-label="Measuring" />
      <button type="button" className="button-small" onClick={() => stopMeasuring(id)}>
        Cancel
      </button>
    </div>
  );
}

function Measure({ id, figures, measurable }: { id: string; figures: Evaluation | null; measurable: boolean }) {
  const { measure } = useActions();
  const whole = formatInteger(WHOLE_SAMPLE_TOKENS);
  const isWhole = figures !== null && figures.tokens >= WHOLE_SAMPLE_TOKENS;
  return (
    <div className="panel-foot">
      {measurable && !isWhole && (
        <button type="button" className="button-small" onClick={() => void measure(id, WHOLE_SAMPLE_TOKENS)}>
          {figures ? `Measure on ${whole} tokens` : 'Measure here'}
        </button>
      )}
      <span className="hint">
        {figures
          ? `Measured on ${formatInteger(figures.tokens)} tokens of Moby Dick, which the page brings along. The claims are of another text.`
          : measurable
            ? `On the first ${whole} tokens of Moby Dick, which the page brings along. The claims are of another text.`
            : 'It can be measured with its model open.'}
      </span>
    </div>
  );
}

function Figure({ value, missing, show }: { value: unknown; missing: string; show: (value: number) => string }) {
  const known = typeof value === 'number';
  return (
    <td className="numeric" title={known ? formatFull(value) : undefined}>
      {known ? show(value) : missing}
    </td>
  );
}
