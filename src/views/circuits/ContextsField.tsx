import { isLongForAddress } from '../../state/circuits/address.ts';
import { LIMITS, linesOf, type ContextChoice, type TreeSettings } from '../../state/circuits/settings.ts';
import { Choice, Field, NumberInput } from '../shared/fields.tsx';
import { useCircuits } from './CircuitsContext.tsx';

interface ContextsFieldProps {
  choice: ContextChoice;
  /** Nobody chose it. */
  usual: boolean;
  /** Whether the target fires in the text in Explore; null while that is not known. */
  fires: boolean | null;
  target: Pick<TreeSettings, 'dictionary'>;
  onChange: (choice: ContextChoice) => void;
}

/** Where the target is watched. */
export function ContextsField({ choice, usual, fires, target, onChange }: ContextsFieldProps) {
  const explore = useCircuits((s) => s.explore);
  const pick = (kind: ContextChoice['kind']) => {
    const count = 'count' in choice ? choice.count : LIMITS.count.usual;
    if (kind === 'text') onChange({ kind, text: null });
    else if (kind === 'list') onChange({ kind, lines: explore });
    else onChange({ kind, count });
  };
  return (
    <fieldset className="circuits-contexts">
      <Choice
        legend="Contexts"
        options={[
          { value: 'text', label: 'the text in Explore', title: 'At the token where the target fires most' },
          { value: 'top', label: 'its highest' },
          { value: 'spread', label: 'spread', title: 'One from each of equal steps between half its maximum and its maximum' },
          { value: 'list', label: 'a list' },
        ]}
        value={choice.kind}
        onChange={pick}
      />
      {'count' in choice && (
        <Field label="How many">
          <NumberInput
            value={choice.count}
            {...LIMITS.count}
            step={1}
            onChange={(count) => onChange({ ...choice, count: Math.round(count) })}
          />
        </Field>
      )}
      {choice.kind === 'list' && <List lines={choice.lines} onChange={onChange} />}
      <p className="hint">{wordsOf(choice, { usual, fires, explore })}</p>
      <MissingIndex choice={choice} dictionary={target.dictionary} />
    </fieldset>
  );
}

function List({ lines, onChange }: { lines: string; onChange: ContextsFieldProps['onChange'] }) {
  return (
    <label className="field">
      <span className="field-label">One context to a line; the target is watched at the last token of each</span>
      <textarea rows={4} value={lines} onChange={(e) => onChange({ kind: 'list', lines: e.target.value })} />
      <span className="hint">
        {linesOf(lines).length} of at most {LIMITS.lines.max}
        {isLongForAddress(lines) && '. Too long for the address: a link leaves it out.'}
      </span>
    </label>
  );
}

function wordsOf(
  choice: ContextChoice,
  { usual, fires, explore }: Pick<ContextsFieldProps, 'usual' | 'fires'> & { explore: string },
): string {
  if (choice.kind !== 'text') return usual && fires === false ? 'The target does not fire in the text in Explore.' : '';
  if (choice.text !== null) return `A text from the address: “${choice.text.slice(0, 80)}${choice.text.length > 80 ? '…' : ''}”`;
  if (explore === '') return 'There is no text in Explore.';
  return fires === false ? 'The target does not fire in the text in Explore.' : 'Watched at the token where the target fires most.';
}

/** Contexts of an index need one. */
function MissingIndex({ choice, dictionary }: { choice: ContextChoice; dictionary: string }) {
  const isIndexed = useCircuits((s) => s.indices.some((info) => info.dictionary === dictionary && info.tokens === info.total));
  if (dictionary === '' || isIndexed || !('count' in choice)) return null;
  return (
    <p className="hint">
      Nobody has read a text for this dictionary yet, so its contexts are not known: make an index on the feature’s page, or use the text in
      Explore.
    </p>
  );
}
