import { useState } from 'react';
import type { EditWhere } from '../../state/explore/edits.ts';
import { selectedLatent, unitOf } from '../../state/explore/featureFacts.ts';
import { dictionaryName } from '../../state/explore/features.ts';
import {
  isOfLatent,
  latentProblem,
  strengthOf,
  type LatentChange,
  type LatentOp,
  type OfLatent,
  type Unit,
} from '../../state/explore/latentChange.ts';
import { Field, NumberInput } from '../shared/fields.tsx';
import { Info } from '../shared/Info.tsx';
import type { EditFormProps } from './EditForm.tsx';
import { EditFrame } from './EditFrame.tsx';
import { useApp, useAppStore } from './store.ts';

const OPS: { value: LatentOp['op']; label: string }[] = [
  { value: 'latent_add', label: 'Add to it' },
  { value: 'latent_set', label: 'Set it' },
  { value: 'latent_scale', label: 'Scale it' },
  { value: 'ablate', label: 'Ablate it' },
];

/** Changes one feature: of the dictionary on screen, or the one that is being changed. */
export function LatentEditForm({ initial, submitLabel, onSubmit, onCancel }: EditFormProps) {
  const store = useAppStore();
  const features = useApp((s) => s.features);
  const dictionaries = useApp((s) => (s.dictionaries.status === 'done' ? s.dictionaries.list : undefined));
  const given = initial && isOfLatent(initial.change) ? initial.change : undefined;
  const [latent, setLatent] = useState(() => given?.latent ?? selectedLatent(store.getState()) ?? 0);
  const [op, setOp] = useState<LatentOp['op']>(given?.op ?? 'latent_add');
  const [strength, setStrength] = useState(given && given.op !== 'ablate' ? strengthOf(given) : 0.5);
  const [where, setWhere] = useState<EditWhere>(initial?.where ?? { kind: 'all' });
  const indexNames = useApp((s) => s.indexNames);
  const skipSpecial = useApp((s) => s.skipSpecial);
  const dictionary = given?.dictionary ?? features?.dictionary.id;
  const hook = initial?.hook ?? features?.dictionary.hook;
  if (dictionary === undefined || hook === undefined) return null;
  const unit = given && 'unit' in given ? given.unit : unitOf({ features, indexNames, skipSpecial }, { dictionary, latent });
  const name = given?.name ?? (features ? dictionaryName(features.dictionary) : dictionary);
  const change = changeOf({ dictionary, latent, name }, op, strength, unit);
  const problem = latentProblem(change, dictionaries);
  return (
    <EditFrame
      {...{ where, problem, submitLabel, onCancel }}
      onWhere={setWhere}
      onSubmit={() => onSubmit({ hook, change, where })}
      aside={<About />}
    >
      <div className="field-row">
        <Field label={`Feature of ${name}`}>
          <NumberInput value={latent} min={0} step={1} disabled={given !== undefined} onChange={(n) => setLatent(Math.round(n))} />
        </Field>
        <Field label="What">
          <select value={op} onChange={(e) => setOp(e.target.value as LatentOp['op'])} autoFocus>
            {OPS.map((o) => (
              <option key={o.value} value={o.value}>
                {o.label}
              </option>
            ))}
          </select>
        </Field>
        {op !== 'ablate' && (
          <Field label={op === 'latent_scale' ? 'Factor' : unit.of === '' ? 'Value' : '× its maximum'}>
            <NumberInput value={strength} step={0.5} onChange={setStrength} />
          </Field>
        )}
      </div>
    </EditFrame>
  );
}

function About() {
  return (
    <Info about="what is done to a feature">
      With c what the feature is worth at a position and d its decoder row: adding gives x + value·d, setting x + (value − c)·d, scaling x +
      (factor − 1)·c·d, ablating x − c·d. What the dictionary does not explain of x stays, unless its error is dropped. Values are in
      multiples of the feature’s maximum in its index, else in this text.
    </Info>
  );
}

function changeOf(of: OfLatent, op: LatentOp['op'], strength: number, unit: Unit): LatentChange {
  switch (op) {
    case 'ablate':
      return { ...of, op };
    case 'latent_scale':
      return { ...of, op, factor: strength };
    default:
      return { ...of, op, times: strength, unit };
  }
}
