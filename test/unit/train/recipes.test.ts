/** Settings as text for the two libraries; where Python is at hand its parser reads the script. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { writeSaelensScript, writeSparsifyCommands, type RecipeModel } from '../../../src/core/train/recipes.ts';

const PYTHIA: RecipeModel = { id: 'Xenova/pythia-70m-deduped', n_layers: 6, n_ctx: 128, d_model: 512, d_mlp: 2048, n_heads: 8, d_head: 64 };
const OWN: RecipeModel = { ...PYTHIA, id: 'bookworm-9m' };

describe('the SAELens script', () => {
  it('crosses the lists as a run does, with the sizes of the hooks', () => {
    const script = writeSaelensScript(
      {
        dictionaries: [
          { hook: ['blocks.3.hook_resid_post', 'blocks.0.mlp.hook_post'], architecture: 'topk', d_sae: 4096, k: [16, 32] },
          { hook: 'hook_embed', architecture: 'standard', ratio: 2, l1_coefficient: 0.5, seed: 7 },
        ],
        tokens: 5_000_000,
        batch: 2048,
        adam: { lr: 3e-4 },
        schedule: { warmup: 100, decay: 200, sparsityWarmup: 50 },
      },
      PYTHIA,
    );
    const rows = script.split('\n').filter((line) => line.startsWith('    ("'));
    expect(rows).toEqual([
      '    ("blocks.3.hook_resid_post", TopKTrainingSAEConfig(d_in=512, d_sae=4096, normalize_activations=NORM, k=16), 0),',
      '    ("blocks.3.hook_resid_post", TopKTrainingSAEConfig(d_in=512, d_sae=4096, normalize_activations=NORM, k=32), 0),',
      '    ("blocks.0.mlp.hook_post", TopKTrainingSAEConfig(d_in=2048, d_sae=4096, normalize_activations=NORM, k=16), 0),',
      '    ("blocks.0.mlp.hook_post", TopKTrainingSAEConfig(d_in=2048, d_sae=4096, normalize_activations=NORM, k=32), 0),',
      '    ("hook_embed", StandardTrainingSAEConfig(d_in=512, d_sae=1024, normalize_activations=NORM, l1_coefficient=0.5, l1_warm_up_steps=50), 7),',
    ]);
    for (const line of ['MODEL = "EleutherAI/pythia-70m-deduped"', 'TOKENS = 5000000', 'BATCH = 2048']) expect(script).toContain(line);
    for (const line of ['lr=0.0003,', 'lr_warm_up_steps=100,', 'lr_decay_steps=200,', 'context_size=128,']) expect(script).toContain(line);
  });

  it('says what becomes of the tied form and of a model that is not on the hub', () => {
    const script = writeSaelensScript({ dictionaries: { hook: 'blocks.0.hook_resid_post', alpha: 0.004, ratio: 1 } }, OWN);
    expect(script).toContain('SAELens has no tied form');
    expect(script).toContain('l1_coefficient=2.048');
    expect(script).toContain('"bookworm-9m"  # not on the hub');
  });

  it('asks for the training step that the run read, and says what it cannot ask for', () => {
    const script = (id: string) => writeSaelensScript({ dictionaries: { hook: 'blocks.0.hook_resid_post' } }, { ...PYTHIA, id });
    const step = script('Xenova/pythia-70m-deduped@step3000');
    expect(step).toContain('MODEL = "EleutherAI/pythia-70m-deduped"\n');
    expect(step).toContain('model_from_pretrained_kwargs={"center_writing_weights": False, "checkpoint_value": 3000},');
    expect(script('EleutherAI/pythia-70m@abc123')).toContain('# The run read it at abc123; TransformerLens has training steps only.');
    expect(script('EleutherAI/pythia-70m+random.4')).toMatch(
      /MODEL = "EleutherAI\/pythia-70m"\n# The run read this model with random weights/,
    );
    expect(script(PYTHIA.id)).not.toMatch(/checkpoint_value|random weights|steps only/);
  });

  it('is Python', (context) => {
    const id = 'a"; import os  # \n\u2028é';
    const script = writeSaelensScript({ dictionaries: { hook: 'hook_embed' } }, { ...PYTHIA, id });
    const python = spawnSync('python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], { input: script });
    if (python.error) context.skip('no python3 here');
    expect(python.stderr.toString()).toBe('');
    expect(python.status).toBe(0);
    expect(script).not.toContain('\nimport os');
  });
});

describe('the sparsify command', () => {
  it('trains what it can: TopK at outputs of modules, all hooks of a size and k together', () => {
    const text = writeSparsifyCommands(
      {
        dictionaries: [
          {
            hook: ['blocks.3.hook_resid_post', 'blocks.2.hook_mlp_out', 'blocks.1.hook_resid_pre'],
            architecture: 'topk',
            ratio: 8,
            k: [16, 32],
          },
          { hook: 'blocks.3.hook_resid_post' },
        ],
        tokens: 1_000_000,
      },
      PYTHIA,
    );
    expect(text.split('python -m sparsify ')).toHaveLength(3);
    expect(text).toContain('EleutherAI/pythia-70m-deduped');
    expect(text).toContain('--hookpoints layers.3 layers.2.mlp \\');
    expect(text).toContain('--num_latents 4096 --k 16');
    expect(text).toContain('--ctx_len 128 --batch_size 8');
    expect(text).toContain('--max_examples 7813');
    // It is downloaded whole, so a short run takes a sample.
    expect(text).toContain('NeelNanda/pile-10k');
    const long = { dictionaries: { hook: 'blocks.3.hook_resid_post', architecture: 'topk' }, tokens: 1e9 } as const;
    expect(writeSparsifyCommands(long, PYTHIA)).toContain('monology/pile-uncopyrighted');
  });

  it('asks for the revision that the run read, and says that random weights are not to be had', () => {
    const config = { dictionaries: { hook: 'blocks.3.hook_resid_post', architecture: 'topk' } } as const;
    const text = writeSparsifyCommands(config, { ...PYTHIA, id: 'EleutherAI/pythia-70m@step512+random.3' });
    expect(text).toContain('python -m sparsify EleutherAI/pythia-70m NeelNanda/pile-10k \\\n  --revision step512 \\\n');
    expect(text).toContain('# The run read this model with random weights');
    expect(writeSparsifyCommands(config, PYTHIA)).not.toMatch(/--revision|random weights/);
  });

  it('holds no command that an id could bring along', () => {
    const text = writeSparsifyCommands(
      { dictionaries: { hook: 'hook_embed', architecture: 'topk' } },
      { ...PYTHIA, id: '--x; rm -rf $(pwd)\n`id`' },
    );
    expect(text).not.toMatch(/[;$`()]/);
    expect(text.split('\n').filter((line) => line.startsWith('python'))).toEqual([
      `python -m sparsify x__rm_-rf___pwd___id_ NeelNanda/pile-10k \\`,
    ]);
  });

  it('is empty where there is nothing for it', () => {
    expect(writeSparsifyCommands({ dictionaries: { hook: 'blocks.3.hook_resid_post' } }, PYTHIA)).toBe('');
    expect(writeSparsifyCommands({ dictionaries: { hook: 'blocks.3.attn.hook_z', architecture: 'topk' } }, PYTHIA)).toBe('');
  });
});
