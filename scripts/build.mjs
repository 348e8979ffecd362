/** `npm run build`: makes dist/. Checks first that the model that ships with the page is there. */
import { existsSync } from 'node:fs';
import { build } from 'vite';
import prepare from './prepare.mjs';

const model = 'public/models/bookworm-9m/onnx/model.onnx';
if (!existsSync(model)) {
  console.error(`${model} is missing; the page ships with it. Restore it from the repository (git checkout -- public).`);
  process.exit(1);
}
await prepare();
await build();
