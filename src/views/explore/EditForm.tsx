import { useState } from 'react';
import { changeProblem, vectorName, type EditChange, type EditItem, type EditWhere, type KeptVector } from '../../state/explore/edits.ts';
import { defaultHook, findHook, hookWidth } from '../../state/shared/hooks.ts';
import { isOfLatent, type LatentChange } from '../../state/explore/latentChange.ts';
import { Field, NumberInput } from '../shared/fields.tsx';
import { HookPicker } from './HookPicker.tsx';
import { EditFrame } from './EditFrame.tsx';
import { useActions, useApp } from './store.ts';

export interface EditFormProps {
  initial?: EditItem;
  submitLabel: string;
  onSubmit: (edit: Pick<EditItem, 'hook' | 'change' | 'where'>) => void;
  onCancel: () => void;
}

/** Changes of a feature have a form of their own. */
type HookChange = Exclude<EditChange, LatentChange>;
type Op = HookChange['op'] | 'zero';

const OPS: { value: Op; label: string }[] = [
  { value: 'zero', label: 'Zero' },
  { value: 'scale', label: 'Scale by a factor' },
  { value: 'add', label: 'Add a kept vector' },
  { value: 'set', label: 'Set to a kept vector' },
  { value: 'project_out', label: 'Remove a kept vector’s direction' },
];

export function EditForm({ initial, submitLabel, onSubmit, onCancel }: EditFormProps) {
  const model = useApp((s) => s.model);
  const shownHook = useApp((s) => s.hook);
  const vectors = useApp((s) => s.bench.vectors);
  const editable = model?.hooks.filter((h) => h.editable) ?? [];
  const [hookWanted, setHook] = useState(initial?.hook ?? shownHook);
  const hook = editable.find((h) => h.name === hookWanted) ?? editable[0];
  const given = initial && !isOfLatent(initial.change) ? initial.change : undefined;
  const [op, setOp] = useState<Op>(given ? opOf(given) : 'zero');
  const [amount, setAmount] = useState(given ? amountOf(given) : 1);
  const [vectorWanted, setVector] = useState(given ? vectorOf(given) : undefined);
  const width = hook ? hookWidth(hook) : null;
  const fitting = vectors.filter((v) => v.values.length === width);
  const vector = vectorWanted ?? fitting.at(-1)?.id ?? vectors.at(-1)?.id ?? 0;
  const [where, setWhere] = useState<EditWhere>(initial?.where ?? { kind: 'all' });
  if (!hook) return null;
  const change = changeOf(op, amount, vector);
  const problem = changeProblem(change, hook, vectors);
  return (
    <EditFrame
      {...{ where, problem, submitLabel, onCancel }}
      onWhere={setWhere}
      onSubmit={() => onSubmit({ hook: hook.name, change, where })}
      aside={op !== 'zero' && op !== 'scale' && vectors.length === 0 && <KeepHint />}
    >
      <div className="field-row">
        <Field label="What">
          <select value={op} onChange={(e) => setOp(e.target.value as Op)} autoFocus>
            {OPS.map((o) => (
              <option key={o.value} value={o.value}>
                {o.label}
              </option>
            ))}
          </select>
        </Field>
        {(op === 'scale' || op === 'add') && (
          <Field label={op === 'scale' ? 'Factor' : 'Strength, times the vector'}>
            <NumberInput value={amount} step={op === 'scale' ? 0.1 : 0.5} onChange={setAmount} />
          </Field>
        )}
        {op !== 'zero' && op !== 'scale' && <VectorSelect vectors={vectors} value={vector} width={width} onChange={setVector} />}
      </div>
      <div className="field-row">
        <HookPicker hooks={editable} value={hook.name} onChange={setHook} />
      </div>
    </EditFrame>
  );
}

function KeepHint() {
  const hook = useApp((s) => findHook(s.model, s.hook));
  const vectorHook = useApp((s) => s.model && defaultHook(s.model));
  const shown = useApp((s) => s.activations);
  const { setHook } = useActions();
  const usable = hook && hookWidth(hook) !== null && shown;
  return usable ? (
    <span className="hint">“Keep this vector” stands under Activations.</span>
  ) : (
    <button type="button" onClick={() => vectorHook && setHook(vectorHook)}>
      Show activations
    </button>
  );
}

interface VectorSelectProps {
  vectors: readonly KeptVector[];
  value: number;
  width: number | null;
  onChange: (id: number) => void;
}

function VectorSelect({ vectors, value, width, onChange }: VectorSelectProps) {
  return (
    <Field label="Vector">
      <select value={value} onChange={(e) => onChange(Number(e.target.value))} disabled={vectors.length === 0}>
        {vectors.length === 0 && <option value={0}>None kept yet</option>}
        {vectors.map((v) => (
          <option key={v.id} value={v.id}>
            {vectorName(v)}: {v.token} from {v.hook}
            {v.values.length === width ? '' : ` (${v.values.length} dimensions)`}
          </option>
        ))}
      </select>
    </Field>
  );
}

function opOf(change: HookChange): Op {
  return change.op === 'scale' && change.factor === 0 ? 'zero' : change.op;
}

function amountOf(change: HookChange): number {
  if (change.op === 'scale') return change.factor;
  return change.op === 'add' ? change.strength : 1;
}

function vectorOf(change: HookChange): number | undefined {
  return change.op === 'scale' ? undefined : change.vector;
}

function changeOf(op: Op, amount: number, vector: number): HookChange {
  switch (op) {
    case 'zero':
      return { op: 'scale', factor: 0 };
    case 'scale':
      return { op, factor: amount };
    case 'add':
      return { op, vector, strength: amount };
    case 'set':
    case 'project_out':
      return { op, vector };
  }
}
