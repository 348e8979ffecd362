/** Compiled shaders of training. */
import type { Kernel } from './trainKernel.ts';

/** Pipelines of a device, which its trainers share. */
const PIPELINES = new WeakMap<GPUDevice, Map<string, GPUComputePipeline>>();

export function pipelinesOf(device: GPUDevice): (kernel: Kernel) => GPUComputePipeline {
  const made = PIPELINES.get(device) ?? new Map<string, GPUComputePipeline>();
  PIPELINES.set(device, made);
  return ({ code, bindings }) => {
    let pipeline = made.get(code);
    if (!pipeline) {
      const types: GPUBufferBindingType[] = bindings.map(({ access }) => (access === 'read' ? 'read-only-storage' : 'storage'));
      const entries = ['uniform' as const, ...types].map((type, binding) => ({ binding, visibility: COMPUTE, buffer: { type } }));
      const layout = device.createPipelineLayout({ bindGroupLayouts: [device.createBindGroupLayout({ entries })] });
      pipeline = device.createComputePipeline({ layout, compute: { module: device.createShaderModule({ code }), entryPoint: 'main' } });
      made.set(code, pipeline);
    }
    return pipeline;
  };
}

/** GPUShaderStage.COMPUTE */
const COMPUTE = 4;
