/** Chooses where the model runs: the only file that says navigator.gpu. */

export type DeviceRequest = 'auto' | 'webgpu' | 'wasm';

export interface DeviceChoice {
  kind: 'webgpu' | 'wasm';
  device?: GPUDevice;
  /** Name of the adapter, for a person; '' on the CPU. */
  adapter: string;
  /** Why this one, in a sentence. */
  reason: string;
}

/** Limits worth raising: the logits of long texts and the embeddings of larger models exceed the defaults. */
const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBuffersPerShaderStage',
] as const;
const FEATURES = ['shader-f16', 'subgroups', 'timestamp-query'] as const;

/**
 * A hardware adapter when there is one; a software adapter is far slower than WASM and is used only when asked for.
 * Never throws: what cannot be had becomes the reason.
 */
export async function chooseDevice(request: DeviceRequest): Promise<DeviceChoice> {
  const cpu = (reason: string): DeviceChoice => ({ kind: 'wasm', adapter: '', reason });
  if (request === 'wasm') return cpu('The address of the page asks for the CPU.');
  const gpu = (globalThis.navigator as Navigator | undefined)?.gpu;
  const fallback = request === 'webgpu' ? 'WebGPU was asked for, but ' : '';
  const because = (text: string) => cpu(fallback + (fallback ? text[0].toLowerCase() + text.slice(1) : text));
  if (!gpu) return because('This browser has no WebGPU here, so the CPU is used.');
  try {
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (!adapter) return because('The browser offers no graphics adapter, so the CPU is used.');
    const software = isSoftware(adapter);
    if (software && request !== 'webgpu') return cpu('The only graphics adapter is emulated in software, which is slower than the CPU.');
    const device = await adapter.requestDevice({
      requiredLimits: Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]])),
      requiredFeatures: FEATURES.filter((name) => adapter.features.has(name)),
    });
    const asked = request === 'webgpu' ? 'The address of the page asks for WebGPU.' : 'A graphics adapter was found.';
    const slow = software ? ' It is emulated in software and slower than the CPU.' : '';
    return { kind: 'webgpu', device, adapter: adapterName(adapter), reason: asked + slow };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return because(`The graphics device could not be opened (${message.slice(0, 160)}), so the CPU is used.`);
  }
}

function isSoftware(adapter: GPUAdapter): boolean {
  const flags = adapter as { isFallbackAdapter?: boolean; info: GPUAdapterInfo & { isFallbackAdapter?: boolean } };
  return flags.info.isFallbackAdapter ?? flags.isFallbackAdapter ?? /swiftshader|llvmpipe/i.test(adapterName(adapter));
}

function adapterName({ info }: GPUAdapter): string {
  return info.description || [info.vendor, info.architecture].filter(Boolean).join(' ') || 'graphics adapter';
}
