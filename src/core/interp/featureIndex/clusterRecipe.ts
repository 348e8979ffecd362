/** The same index over more text than a tab reads: what a cluster's own scheduler is given. */

interface ClusterIndex {
  /** Folders' names there; anything, so they are made safe. */
  dictionary: string;
  model: string;
  corpus: string;
  tokens: number;
  shards: number;
}

/** Hours of one shard on a processor of which nothing is known. */
const HOURS = 12;

/** An array job of SLURM, and the merge after it. */
export function writeSlurm(index: ClusterIndex): string {
  const { dictionary, shards } = safe(index);
  return `#!/bin/bash
#SBATCH --job-name=features-${dictionary}
#SBATCH --array=0-${shards - 1}
#SBATCH --cpus-per-task=8
#SBATCH --mem=8G
#SBATCH --time=${HOURS}:00:00
# In a checkout of featurescope after npm install. A task that is run again goes on where it stopped.
${indexCommand(index, '$SLURM_ARRAY_TASK_ID')}

# When all are done: sbatch --dependency=afterok:JOB --wrap "${mergeCommand(index)}"
# The page opens out/${dictionary}.index.
`;
}

/** An indexed Job of Kubernetes, and the command that merges. */
export function writeKubernetes(index: ClusterIndex): string {
  const { dictionary, shards } = safe(index);
  const name = `features-${dictionary}`
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
    .slice(0, 52)
    .replace(/-+$/, '');
  return `# When all are done, in /work: ${mergeCommand(index)}
apiVersion: batch/v1
kind: Job
metadata:
  name: ${name}
spec:
  completions: ${shards}
  parallelism: ${Math.min(shards, 64)}
  completionMode: Indexed
  backoffLimitPerIndex: 3
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: index
          image: node:22
          workingDir: /work  # a volume with a checkout of featurescope after npm install
          command: [bash, -c]
          args:
            - ${indexCommand(index, '$JOB_COMPLETION_INDEX')}
          resources:
            requests: { cpu: "8", memory: 8Gi }
          volumeMounts: [{ name: work, mountPath: /work }]
      volumes: [{ name: work, persistentVolumeClaim: { claimName: work } }]
`;
}

function indexCommand(index: ClusterIndex, task: string): string {
  const { dictionary, model, corpus, tokens, shards } = safe(index);
  return `npm run index -- --model models/${model} --dictionary dictionaries/${dictionary} --corpus ${corpus} --tokens ${tokens} --shard "${task}/${shards}" --out out`;
}

function mergeCommand(index: ClusterIndex): string {
  const { dictionary, shards } = safe(index);
  return `npm run index:merge -- --out out/${dictionary}.index out/${dictionary}.part-*-of-${shards}`;
}

/** Names come from files, and a command is pasted where it can do harm. */
function safe({ dictionary, model, corpus, tokens, shards }: ClusterIndex): ClusterIndex {
  const word = (text: string) => text.replace(/[^\w.-]/g, '_').replace(/^[-.]+/, '') || 'NAME';
  return {
    dictionary: word(dictionary),
    model: word(model),
    corpus: word(corpus),
    tokens: Math.round(tokens),
    shards: Math.max(1, Math.round(shards)),
  };
}
