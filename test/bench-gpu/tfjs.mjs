/** tfjs on Dawn: it looks for a browser's worker before it registers its backend, so it is shown one. */
Object.assign(globalThis, { WorkerGlobalScope: class {} });
await import('@tensorflow/tfjs-backend-webgpu');
export { trainTfjs } from '../bench-train/tfjsSteps.mjs';
