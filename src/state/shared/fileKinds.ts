/** What files are, by their names. */
import type { FileIn } from '../../api/model.ts';

/** What a person meant by files they dropped. Names decide; what is wrong inside is said by whoever opens them. */
export function kindOfFiles(files: readonly FileIn[]): 'dictionary' | 'labels' | 'model' | 'text' {
  const names = files.map((file) => pathOf(file).split(/[\\/]/).at(-1)!.toLowerCase());
  const some = (pattern: RegExp) => names.some((name) => pattern.test(name));
  // Said to be labels, it is no text to read; what is read as labels is said by whoever reads them.
  if (names.length === 1 && /^(.*[^a-z])?labels?\.(csv|tsv)$/.test(names[0])) return 'labels';
  if (names.length > 0 && names.every((name) => /\.(txt|md|jsonl|ndjson|csv|tsv|x?html?)(\.gz)?$/.test(name))) return 'text';
  // A model has config.json and tokenizer.json; only dictionaries have cfg.json.
  if (some(/^(cfg\.json|sae_weights\.safetensors|sae\.safetensors|ae(_\d+)?\.pt|learned_dicts\.pt)$/)) return 'dictionary';
  if (some(/\.(zip|pt|npz)$/) && !some(/^(config|tokenizer)\.json$/)) return 'dictionary';
  return names.length === 1 && names[0].endsWith('.json') && !/^(config|tokenizer)\.json$/.test(names[0]) ? 'labels' : 'model';
}

function pathOf(file: FileIn): string {
  return file instanceof File ? file.webkitRelativePath || file.name : file.path;
}
