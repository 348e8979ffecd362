/** The golden tree of test/fixtures/interp, and jobs on its model and dictionaries. */
import { join } from 'node:path';
import type { Tree, TreeEdge } from '../../src/api/causal.ts';
import type { NamedDictionary } from '../../src/engine/study/causal/sources.ts';
import { openShipped } from './candidates.ts';
import { readGoldens, readJson } from './goldens.ts';

const FOLDER = join(import.meta.dirname, '../fixtures/interp');

interface GoldenNode {
  layer: number;
  latent: number;
  expanded: boolean;
  activations?: number[];
  contexts?: number[][];
  tested?: number;
  error_effect?: number;
  below?: number;
  gap?: [number, number];
  next?: [number, number];
}

export interface GoldenDrawing {
  nodes: GoldenNode[];
  edges: { parent: [number, number]; child: [number, number]; effect: number; each: number[]; cosine: number }[];
}

interface Stated {
  target: { dictionary: string; latent: number; maximum: number };
  contexts: number[][];
  activations: number[];
  parents: { dictionary: string; tested: number; near_threshold: number[]; error_effect: number }[];
  drawn_own: GoldenDrawing;
  drawn_same: GoldenDrawing;
}

export type GoldenMode = 'zero' | 'mean' | 'restore';

export const GOLDEN = readJson<Stated>(join(FOLDER, 'tree.json'));
const tensors = readGoldens(join(FOLDER, 'tree.safetensors'));

/** Numbers of a hook. */
export function numbersOf(hook: string, name: 'latents' | 'means' | GoldenMode): number[] {
  return [...tensors.get(`tree.${hook}.${name}`)!.data];
}

/** 'blocks.3.hook_resid_post/r4/a0.0025' as the folder that ships: 'resid_post_3_r4-a0.0025'. */
export function folderOf(dictionary: string): string {
  const [, layer, site, settings] = /^blocks\.(\d)\.hook_(\w+)\/(.+)$/.exec(dictionary)!;
  return `${site}_${layer}_${settings.replace('/', '-')}`;
}

export const residual = (layer: number) => `resid_post_${layer}_r4-a0.0025`;

export async function openNamed(...folders: string[]): Promise<NamedDictionary[]> {
  return [...(await openShipped(...folders))].map(([id, dictionary]) => ({ id, dictionary, key: id }));
}

export const edgesOf = (tree: Tree, child: string): TreeEdge[] => tree.edges.filter((edge) => edge.child === child);

/** The largest difference of a drawn tree's edges from ours; items nearer than 1e-4 to another may have swapped. */
export function compareDrawing(tree: Tree, golden: GoldenDrawing, tolerance: (child: [number, number]) => number): string[] {
  const name = ([layer, latent]: [number, number]) => `${residual(layer)}/${latent}`;
  const wrong: string[] = [];
  for (const node of golden.nodes.filter(({ expanded }) => expanded)) {
    const at: [number, number] = [node.layer, node.latent];
    const [own, wanted] = [edgesOf(tree, name(at)), golden.edges.filter(({ child }) => child.join() === at.join())];
    if (own.length !== wanted.length) wrong.push(`${name(at)} has ${own.length} parents, not ${wanted.length}`);
    wanted.forEach(({ parent, effect, cosine }, rank) => {
      const found = own.find((edge) => edge.parent === name(parent));
      const isTie = node.next !== undefined && Math.abs(node.next[1] - effect) < 1e-4;
      if (!found) {
        if (!isTie) wrong.push(`${name(parent)} is no parent of ${name(at)}`);
        return;
      }
      if (!(Math.abs(found.effect - effect) <= tolerance(at))) wrong.push(`${found.parent} → ${name(at)}: ${found.effect} for ${effect}`);
      if (!(Math.abs(found.cosine - cosine) <= 1e-4)) wrong.push(`cosine of ${found.parent} and ${name(at)}`);
      if (own[rank] !== found && Math.abs(own[rank].effect - effect) > 1e-4) wrong.push(`rank of ${found.parent} under ${name(at)}`);
    });
  }
  return wrong;
}
