/** The names a pickle may mention. Each stands for one thing this reader builds itself; none is ever looked up or called. */
import type { TorchDtype } from './types.ts';

/** `module name` → what it means here. */
export type Known =
  | { is: 'storage'; dtype: TorchDtype }
  | { is: 'rebuild'; as: 'tensor' | 'parameter' }
  | { is: 'dict' | 'size' | 'device' }
  | { is: 'class'; className: string }
  | { is: 'text'; text: string };

// prettier-ignore
const STORAGES: Record<string, TorchDtype> = {
  DoubleStorage: 'F64', FloatStorage: 'F32', HalfStorage: 'F16', BFloat16Storage: 'BF16', LongStorage: 'I64', IntStorage: 'I32',
  ShortStorage: 'I16', CharStorage: 'I8', ByteStorage: 'U8', BoolStorage: 'BOOL',
};

/** Number formats, met among settings. */
const DTYPES = ['float64', 'float32', 'float16', 'bfloat16', 'int64', 'int32', 'int16', 'int8', 'uint8', 'bool'];

/** sparse_coding's module of dictionaries: every class is a record of attributes; which of them are understood is the importer's matter. */
const CLASS_MODULE = 'autoencoders.learned_dict';

const KNOWN = new Map<string, Known>([
  ['collections OrderedDict', { is: 'dict' }],
  ['torch Size', { is: 'size' }],
  ['torch device', { is: 'device' }],
  ['torch._utils _rebuild_tensor', { is: 'rebuild', as: 'tensor' }],
  ['torch._utils _rebuild_tensor_v2', { is: 'rebuild', as: 'tensor' }],
  ['torch._utils _rebuild_parameter', { is: 'rebuild', as: 'parameter' }],
  ...Object.entries(STORAGES).map(([name, dtype]): [string, Known] => [`torch ${name}`, { is: 'storage', dtype }]),
  ...DTYPES.map((name): [string, Known] => [`torch ${name}`, { is: 'text', text: `torch.${name}` }]),
]);

export function lookUp(module: string, name: string): Known | undefined {
  if (module === CLASS_MODULE && /^[A-Z]\w{0,63}$/.test(name)) return { is: 'class', className: `${module}.${name}` };
  return KNOWN.get(`${module} ${name}`);
}

/** Why a name that is not on the list was refused, as the end of a sentence. */
export function explainRefusal(module: string, name: string): string {
  if (/^torch\._utils$|^torch$/.test(module) && /Storage$|^_rebuild/.test(name)) {
    return 'a kind of tensor that is not read here (quantised, sparse or complex). Convert it to float32 and save it again';
  }
  if (/^numpy(\.|$)/.test(module)) return 'a NumPy object, and only PyTorch tensors are read. Save it with tensors instead';
  if (/^(torch\.nn|dictionary_learning|sae_lens|sparsify|sparse_autoencoder|autoencoders|__main__|__torch__)(\.|$)/.test(module)) {
    return 'a whole Python object in place of plain weights. Save its state_dict() instead';
  }
  return 'code, which a file of weights has no need of. Nothing of it was run; do not open it with PyTorch either';
}
