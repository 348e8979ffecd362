import { expect, it } from 'vitest';
import { writeKubernetes, writeSlurm } from '../../../src/core/interp/featureIndex/clusterRecipe.ts';

const index = { dictionary: 'a; rm -rf /', model: '-m$(x)', corpus: 'my corpus.jsonl', tokens: 1e9, shards: 64 };

it('SLURM gets an array of shards, and the merge', () => {
  const script = writeSlurm(index);
  expect(script).toContain('#SBATCH --array=0-63');
  expect(script).toContain('--corpus my_corpus.jsonl --tokens 1000000000 --shard "$SLURM_ARRAY_TASK_ID/64"');
  expect(script).toContain('index:merge -- --out out/a__rm_-rf__.index out/a__rm_-rf__.part-*-of-64');
  expect(script).not.toMatch(/; rm|\$\(x\)/);
});

it('Kubernetes gets an indexed Job with a name it takes', () => {
  const job = writeKubernetes(index);
  expect(job).toMatch(/\n {2}name: features-[a-z0-9-]+\n/);
  expect(job).toContain('completions: 64');
  expect(job).toContain('--model models/m__x_ ');
  expect(job).toContain('--shard "$JOB_COMPLETION_INDEX/64"');
  expect(job).not.toMatch(/; rm|\$\(x\)/);
});
