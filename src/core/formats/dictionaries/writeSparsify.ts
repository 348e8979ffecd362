/** A folder of sparsify: {hookpoint}/cfg.json with sae.safetensors, as SparseCoder.load_from_disk reads them. */
import { getTextEncoding } from '@bufbuild/protobuf/wire';
import { hasSkip, isGroupmax, isTranscoder } from '../../sae/dictionary.ts';
import { maybeRecord } from '../words.ts';
import { transposePart } from './convert.ts';
import { createOutFile, join, type OutFile } from './files.ts';
import { moduleOfHook } from './hookNames.ts';
import type { OpenedDictionary } from './opened.ts';
import { SPARSIFY_WEIGHTS } from './sparsify.ts';
import { writeSafetensors } from '../safetensors.ts';

/** @param opened simplified (`exportDictionary`): nothing in it that the format cannot say */
export async function writeSparsify(opened: OpenedDictionary, folder: string): Promise<OutFile[]> {
  const { config, parts } = opened;
  const hook = config.hook_name_out ?? config.hook_name;
  const place = hook === null ? folder : join(folder, moduleOfHook(hook));
  const part = (name: string) => parts.find((p) => p.name === name)!;
  // In order of names, as the Python writer has it.
  const tensors = [
    part('W_dec'),
    ...(hasSkip(config.architecture) ? [part('W_skip')] : []),
    part('b_dec'),
    { ...part('b_enc'), name: 'encoder.bias' },
    await transposePart(part('W_enc'), 'encoder.weight'),
  ];
  return [
    createOutFile(join(place, 'cfg.json'), [getTextEncoding().encodeUtf8(JSON.stringify(stateSettings(opened)))]),
    createOutFile(join(place, SPARSIFY_WEIGHTS), writeSafetensors(tensors)),
  ];
}

function stateSettings({ config, format, record }: OpenedDictionary): object {
  const { architecture, d_in, d_sae, k } = config;
  return {
    // Says how a training begins; the rows are as they are.
    normalize_decoder: false,
    multi_topk: false,
    ...(format === 'sparsify' && maybeRecord(record)),
    activation: isGroupmax(architecture) ? 'groupmax' : 'topk',
    expansion_factor: Math.max(1, Math.round(d_sae / d_in)),
    num_latents: d_sae,
    k: k ?? d_sae,
    skip_connection: hasSkip(architecture),
    transcode: isTranscoder(architecture) && !config.apply_b_dec_to_input,
    d_in,
  };
}
