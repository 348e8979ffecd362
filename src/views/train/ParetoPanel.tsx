import { useEffect, useMemo, useState } from 'react';
import { formatInteger, formatNumber, formatPercent } from '../../charts/format.ts';
import { Scatter, type ScatterPoint } from '../../charts/Scatter.tsx';
import { paretoPoints, recordedPoint, type ParetoPoint } from '../../state/train/trainingTable.ts';
import type { ChartTable } from '../../charts/TableTwin.tsx';
import { Choice } from '../shared/fields.tsx';
import { Panel } from '../shared/Panel.tsx';
import { useActions, useApp } from '../shared/StoreContext.tsx';
import { lineStyle } from './Curves.tsx';
import { useTraining, useTrainingActions } from './TrainingContext.tsx';

const AXES = [
  { value: 'fvu', label: 'FVU', title: 'Σ‖x − x̂‖² / Σ‖x − mean x‖²' },
  { value: 'ce_recovered', label: 'CE recovered', title: '(CE zero − CE with x̂) / (CE zero − CE clean)' },
] as const;

/** Sparsity against error, one point for each dictionary. */
export function ParetoPanel() {
  const runs = useTraining((s) => s.runs);
  const [axis, setAxis] = useState<'fvu' | 'ce_recovered'>('fvu');
  const [withLibrary, setWithLibrary] = useState(false);
  const recorded = useRecorded(withLibrary);
  const trained = useMemo(() => (runs.status === 'done' ? paretoPoints(runs.list) : []), [runs]);
  const points = useMemo(() => [...trained, ...recorded].filter((point) => Number.isFinite(point[axis])), [trained, recorded, axis]);
  const groups = useMemo(() => [...new Set([...trained, ...recorded].map(({ group }) => group))], [trained, recorded]);
  if (trained.length === 0) return null;
  return (
    <Panel title="Sparsity against error" className="panel-pareto">
      <div className="pareto-choices">
        <Choice legend="Error" options={AXES} value={axis} onChange={setAxis} />
        <label className="check">
          <input type="checkbox" checked={withLibrary} onChange={(e) => setWithLibrary(e.target.checked)} />
          <span>The library’s, as their records say</span>
        </label>
      </div>
      {points.length === 0 ? (
        <p className="empty">Nothing was measured on held-out text yet.</p>
      ) : (
        <Picture points={points} groups={groups} axis={axis} />
      )}
      <p className="hint">
        {axis === 'fvu' ? 'Lower and further left is better. ' : 'Higher and further left is better. '}
        Filled: measured on held-out text; hollow: of the last batch. Records of the library were measured on other text.
      </p>
    </Panel>
  );
}

interface PictureProps {
  points: readonly ParetoPoint[];
  groups: readonly string[];
  axis: 'fvu' | 'ce_recovered';
}

function Picture({ points, groups, axis }: PictureProps) {
  const { watch } = useTrainingActions();
  const marks = useMemo<ScatterPoint[]>(
    () =>
      points.map((p) => ({
        x: p.l0,
        y: p[axis],
        group: `${p.run ?? ''} ${p.group}`,
        hollow: !p.measured,
        ...lineStyle(groups.indexOf(p.group)),
      })),
    [points, groups, axis],
  );
  const describe = (i: number) => {
    const p = points[i];
    return p
      ? `${p.name} (${p.runName}): L0 ${formatNumber(p.l0)}, ${axis === 'fvu' ? `FVU ${formatNumber(p.fvu)}` : `CE recovered ${formatPercent(p.ce_recovered)}`}`
      : '';
  };
  return (
    <>
      <ul className="line-legend">
        {groups
          .filter((group) => points.some((p) => p.group === group))
          .map((group) => (
            <li key={group} data-line={lineStyle(groups.indexOf(group)).slot}>
              <span className="line-swatch" aria-hidden="true" />
              {group}
            </li>
          ))}
      </ul>
      <Scatter
        title={`L0 against ${axis === 'fvu' ? 'FVU' : 'CE recovered'}`}
        xTitle="L0, features active on a token"
        yTitle={axis === 'fvu' ? 'FVU' : 'CE recovered'}
        points={marks}
        describe={describe}
        table={() => tableOf(points)}
        onChoose={(i) => {
          const { run } = points[i];
          if (run !== null) watch(run);
        }}
      />
    </>
  );
}

/** By rising L0. */
function tableOf(points: readonly ParetoPoint[]): ChartTable {
  return {
    columns: ['Dictionary', 'Run', 'L0', 'FVU', 'CE recovered', 'Dead'],
    rows: [...points]
      .sort((a, b) => a.l0 - b.l0)
      .map((p) => [
        p.name,
        p.runName,
        formatNumber(p.l0),
        formatNumber(p.fvu),
        formatPercent(p.ce_recovered),
        Number.isFinite(p.dead) ? formatInteger(p.dead) : '–',
      ]),
  };
}

/** Dictionaries of the library whose files say how good they are; none until they are wanted. */
function useRecorded(wanted: boolean): readonly ParetoPoint[] {
  const dictionaries = useApp((s) => s.dictionaries);
  const runs = useTraining((s) => s.runs);
  const { dictionaryCard } = useActions();
  const [points, setPoints] = useState<readonly ParetoPoint[]>([]);
  const trained = useMemo(
    () => new Set(runs.status === 'done' ? runs.list.flatMap((run) => run.dictionaries.flatMap(({ id }) => id ?? [])) : []),
    [runs],
  );
  const key = [...trained].join();
  useEffect(() => {
    if (!wanted || dictionaries.status !== 'done') return;
    let stale = false;
    const mine = dictionaries.list.filter(({ id, fits }) => fits && !key.split(',').includes(id));
    // One that cannot be read is not in the picture; the library says why.
    void Promise.all(
      mine.map((d) =>
        dictionaryCard(d.id).then(
          ({ record }) => recordedPoint(d, record),
          () => null,
        ),
      ),
    ).then((found) => {
      if (!stale) setPoints(found.filter((point) => point !== null));
    });
    return () => {
      stale = true;
    };
  }, [wanted, dictionaries, dictionaryCard, key]);
  return wanted ? points : NONE;
}

const NONE: readonly ParetoPoint[] = [];
