import { formatCount, formatInteger, formatNumber } from '../../charts/format.ts';
import type { ModelInfo } from '../../api/model.ts';
import { ARCHITECTURES } from '../../core/train/architectures/index.ts';
import { architectureIn, sizesOf, sparsitiesOf, type DictionaryForm, type Problems } from '../../state/train/trainingForm.ts';
import { usedSize } from '../../state/train/usedValues.ts';
import { Choice } from '../shared/fields.tsx';
import { Info } from '../shared/Info.tsx';
import { PlacePicker } from './PlacePicker.tsx';
import { Problem, TextField } from './TextField.tsx';

interface DictionaryFieldsProps {
  model: ModelInfo;
  group: DictionaryForm;
  /** Of the start weights, where none is set. */
  seed: string;
  /** Of this group, by field. */
  problems: Problems;
  onChange: (group: DictionaryForm) => void;
}

const CHOICES = ARCHITECTURES.map(({ name, label, title }) => ({ value: name, label, title }));

/** Dictionaries that share all but what is listed. */
export function DictionaryFields({ model, group, seed, problems, onChange }: DictionaryFieldsProps) {
  const { formula, sparsity, options } = architectureIn(group);
  const put = (patch: Partial<DictionaryForm>) => onChange({ ...group, ...patch });
  return (
    <>
      <fieldset className="train-group">
        <legend>Place in the model</legend>
        <PlacePicker hooks={model.hooks} chosen={group.hooks} onChange={(hooks) => put({ hooks })} />
        <Problem text={problems.hooks} />
      </fieldset>
      <div className="train-group">
        <div className="with-info">
          <Choice legend="Architecture" options={CHOICES} value={group.architecture} onChange={(architecture) => put({ architecture })} />
          <Info about="the architecture">{formula}</Info>
        </div>
        <TextField
          label={sparsity.label}
          value={group[sparsity.field]}
          standard={String(sparsity.fallback)}
          help={sparsity.help}
          problem={problems[sparsity.field]}
          onChange={(text) => put({ [sparsity.field]: text })}
        />
        {sparsity.besideMean && <BothScales model={model} group={group} />}
        {options.map(({ field, label, fallback }) => (
          <TextField
            key={field}
            label={label}
            value={group[field]}
            standard={String(fallback)}
            problem={problems[field]}
            onChange={(text) => put({ [field]: text })}
          />
        ))}
      </div>
      <SizeFields model={model} group={group} seed={seed} problems={problems} put={put} />
    </>
  );
}

type SizeFieldsProps = Pick<DictionaryFieldsProps, 'model' | 'group' | 'seed' | 'problems'> & {
  put: (patch: Partial<DictionaryForm>) => void;
};

function SizeFields({ model, group, seed, problems, put }: SizeFieldsProps) {
  return (
    <div className="train-group">
      <div className="field-row">
        <TextField
          label={group.sizeUnit === 'ratio' ? 'Size, features ÷ numbers read' : 'Size, features'}
          value={group.size}
          standard={usedSize(group, model)}
          placeholder="differs by place"
          help={sizeWords(model, group)}
          problem={problems.size}
          onChange={(size) => put({ size })}
        />
        <TextField
          label="Seeds"
          value={group.seeds}
          standard={seed}
          help="Of the start weights."
          problem={problems.seeds}
          onChange={(seeds) => put({ seeds })}
        />
      </div>
      <Choice
        legend="Size given as"
        options={[
          { value: 'ratio', label: 'ratio' },
          { value: 'd_sae', label: 'features' },
        ]}
        value={group.sizeUnit}
        onChange={(sizeUnit) => put({ sizeUnit, size: '' })}
      />
    </div>
  );
}

function sizeWords(model: ModelInfo, group: DictionaryForm): string {
  const sizes = [...new Set(sizesOf(group, model).map(({ d_sae }) => d_sae))];
  if (sizes.length === 0) return 'Several, with commas, train side by side.';
  const widths = [...new Set(sizesOf(group, model).map(({ d_in }) => d_in))].map(formatInteger).join(' or ');
  return `${sizes.map((size) => formatInteger(size)).join(', ')} features of ${widths} numbers`;
}

/** α as the paper's code has it, and as its equation 4 does. */
function BothScales({ model, group }: { model: ModelInfo; group: DictionaryForm }) {
  const widths = [...new Set(sizesOf({ ...group, size: '', sizeUnit: 'ratio' }, model).map(({ d_in }) => d_in))];
  const alphas = sparsitiesOf(group);
  const { symbol } = architectureIn(group).sparsity;
  if (widths.length === 0 || alphas.length === 0) return null;
  return (
    <p
      className="hint both-scales"
      title={`Equation 4 sums the squared error over the d_in numbers where the code averages it, so its ${symbol} is d_in times larger.`}
    >
      {widths.map((d_in) => (
        <span key={d_in}>
          {symbol} {alphas.map((alpha) => formatNumber(alpha)).join(', ')} averaged ={' '}
          {alphas.map((alpha) => formatNumber(alpha * d_in)).join(', ')} summed (equation 4, × d_in = {formatCount(d_in)})
        </span>
      ))}
    </p>
  );
}
