import { editSentence, type EditContext, type EditItem } from '../../state/explore/edits.ts';
import { isOfLatent, strengthOf, withStrength } from '../../state/explore/latentChange.ts';
import { NumberInput } from '../shared/fields.tsx';
import { useActions } from './store.ts';

interface EditRowProps {
  item: EditItem;
  context: EditContext;
  problem: string | null;
  onChange: () => void;
}

/** One edit as a sentence, with its switch and its amount at hand. */
export function EditRow({ item, context, problem, onChange }: EditRowProps) {
  const { changeEdit, removeEdit } = useActions();
  const { verb, middle, where } = editSentence(item, context);
  const plain = [verb, item.hook, middle, where].filter((s) => s !== '').join(' ');
  return (
    <div className={`edit${item.on ? '' : ' is-off'}`}>
      <label className="edit-sentence">
        <input type="checkbox" checked={item.on} onChange={(e) => changeEdit(item.id, { on: e.target.checked })} aria-label={plain} />
        <span>
          {verb} <code>{item.hook}</code> {middle} {where}
        </span>
      </label>
      <div className="edit-tools">
        <Amount item={item} />
        <button type="button" className="button-small" onClick={onChange} aria-label={`Change: ${plain}`}>
          Change
        </button>
        <button type="button" className="button-small" onClick={() => removeEdit(item.id)} aria-label={`Remove: ${plain}`}>
          Remove
        </button>
      </div>
      {problem && <p className="problem">Not applied: {problem}</p>}
    </div>
  );
}

function Amount({ item }: { item: EditItem }) {
  const { changeEdit } = useActions();
  const { change } = item;
  const key = `amount ${item.id}`;
  if (isOfLatent(change)) {
    if (change.op === 'ablate') return null;
    return (
      <NumberInput
        label={change.op === 'latent_scale' ? 'Factor' : change.unit.of === '' ? 'Value' : 'Strength, × its maximum'}
        value={strengthOf(change)}
        step={0.5}
        onChange={(strength) => changeEdit(item.id, { change: withStrength(change, strength) }, key)}
      />
    );
  }
  if (change.op === 'scale') {
    return (
      <NumberInput
        label="Factor"
        value={change.factor}
        step={0.1}
        onChange={(factor) => changeEdit(item.id, { change: { ...change, factor } }, key)}
      />
    );
  }
  if (change.op === 'add') {
    return (
      <NumberInput
        label="Strength"
        value={change.strength}
        step={0.5}
        onChange={(strength) => changeEdit(item.id, { change: { ...change, strength } }, key)}
      />
    );
  }
  return null;
}
