import { formatCount, formatInteger, formatNumber } from '../../charts/format.ts';
import type { ModelInfo } from '../../api/model.ts';
import { DEFAULT_RATIO, SPARSITY, sizesOf, sparsitiesOf, type DictionaryForm, type Problems } from '../../state/train/trainingForm.ts';
import { Choice } from '../shared/fields.tsx';
import { PlacePicker } from './PlacePicker.tsx';
import { Problem, TextField } from './TextField.tsx';

interface DictionaryFieldsProps {
  model: ModelInfo;
  group: DictionaryForm;
  /** Of this group, by field. */
  problems: Problems;
  onChange: (group: DictionaryForm) => void;
}

const ARCHITECTURES = [
  { value: 'tied', label: 'Tied', title: 'ReLU + L1 with one matrix, as Cunningham et al. 2023' },
  { value: 'standard', label: 'Standard', title: 'ReLU + L1 with two matrices, as SAELens’s "standard"' },
  { value: 'topk', label: 'TopK', title: 'The k largest of each token, with a loss for dead features' },
] as const;

const WORDS = {
  tied: 'f = ReLU(Ŵx + b), x̂ = Ŵᵀf, rows of Ŵ of norm 1. The paper’s.',
  standard: 'f = ReLU(W_enc(x − b_dec) + b_enc), x̂ = W_dec f + b_dec. SAELens’s “standard”.',
  topk: 'The k largest of ReLU(W_enc(x − b_dec) + b_enc), x̂ = W_dec f + b_dec, and a loss that revives dead features.',
} as const;

const SPARSITY_WORDS = {
  tied: {
    label: 'Sparsity α',
    help: 'Weight of Σf beside the squared error averaged over numbers (the paper’s code). Larger: fewer active features. Several: a sweep.',
  },
  standard: {
    label: 'Sparsity l1_coefficient',
    help: 'Weight of Σ f‖W_dec‖ beside the squared error summed over numbers. Larger: fewer active features. Several: a sweep.',
  },
  topk: { label: 'Sparsity k', help: 'Features active on each token. Several: a sweep.' },
} as const;

/** Dictionaries that share all but what is listed. */
export function DictionaryFields({ model, group, problems, onChange }: DictionaryFieldsProps) {
  const { architecture } = group;
  const { field, standard } = SPARSITY[architecture];
  const { label, help } = SPARSITY_WORDS[architecture];
  const put = (patch: Partial<DictionaryForm>) => onChange({ ...group, ...patch });
  return (
    <>
      <fieldset className="train-group">
        <legend>Place in the model</legend>
        <PlacePicker hooks={model.hooks} chosen={group.hooks} onChange={(hooks) => put({ hooks })} />
        <Problem text={problems.hooks} />
      </fieldset>
      <div className="train-group">
        <Choice legend="Architecture" options={ARCHITECTURES} value={architecture} onChange={(a) => put({ architecture: a })} />
        <p className="hint">{WORDS[architecture]}</p>
        <TextField
          label={label}
          value={group[field]}
          placeholder={standard}
          help={help}
          problem={problems[field]}
          onChange={(text) => put({ [field]: text })}
        />
        {architecture === 'tied' && <BothScales model={model} group={group} />}
        {architecture === 'topk' && (
          <TextField
            label="Weight of the loss for dead features"
            value={group.aux_alpha}
            placeholder="0.03125"
            problem={problems.aux_alpha}
            onChange={(aux_alpha) => put({ aux_alpha })}
          />
        )}
      </div>
      <div className="train-group">
        <div className="field-row">
          <TextField
            label={group.sizeUnit === 'ratio' ? 'Size, features ÷ numbers read' : 'Size, features'}
            value={group.size}
            placeholder={group.sizeUnit === 'ratio' ? DEFAULT_RATIO : 'such as 1024'}
            help={sizeWords(model, group)}
            problem={problems.size}
            onChange={(size) => put({ size })}
          />
          <TextField
            label="Seeds"
            value={group.seeds}
            placeholder="0"
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
    </>
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
  if (widths.length === 0 || alphas.length === 0) return null;
  return (
    <p
      className="hint both-scales"
      title="Equation 4 sums the squared error over the d_in numbers where the code averages it, so its α is d_in times larger."
    >
      {widths.map((d_in) => (
        <span key={d_in}>
          α {alphas.map((alpha) => formatNumber(alpha)).join(', ')} averaged ={' '}
          {alphas.map((alpha) => formatNumber(alpha * d_in)).join(', ')} summed (equation 4, × d_in = {formatCount(d_in)})
        </span>
      ))}
    </p>
  );
}
