/** PyTorch files. What may stand in one and what it may cost: docs/decisions/torch.md. */
export { readTorchCheckpoint } from './checkpoint.ts';
export { readTorch } from './container.ts';
export { isContiguous, toPart, transpose } from './view.ts';
export { writeTorch, type TorchPart } from './write.ts';
export { isObject, isTensor, TORCH_DTYPE_BYTES } from './types.ts';
export type { TorchDict, TorchDtype, TorchKey, TorchObject, TorchTensor, TorchValue } from './types.ts';
