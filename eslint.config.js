import globals from 'globals';
import * as importX from 'eslint-plugin-import-x';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

/** Who may import whom; the arrows of docs/architecture.md. */
const LAYERS = [
  { target: './src/core', from: ['./src/app', './src/views', './src/charts', './src/state', './src/gpu', './src/cache', './workers'] },
  { target: './src/charts', from: ['./src/state', './src/views', './src/app', './workers', './src/gpu', './src/cache'] },
  { target: './src/state', from: ['./src/views', './src/gpu', './src/cache', './workers'] },
  { target: './src/views', from: ['./src/gpu', './src/cache', './workers'] },
  { target: ['./src/gpu', './src/cache'], from: ['./src/app', './src/views', './src/charts', './src/state', './workers'] },
  { target: './workers', from: ['./src/app', './src/views', './src/charts', './src/state'] },
];

export default tseslint.config(
  { ignores: ['dist', 'dist-bench', 'node_modules', 'public', 'test/fixtures', 'test-output'] },
  tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { project: ['./tsconfig.test.json'], tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX, 'react-hooks': reactHooks },
    settings: { 'import-x/resolver-next': [importX.createNodeResolver({ extensions: ['.ts', '.tsx', '.mjs', '.js'] })] },
    rules: {
      ...reactHooks.configs['recommended-latest']?.rules,
      'no-console': 'error',
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': ['error', { zones: LAYERS }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
    },
  },
  {
    files: ['**/*.{js,mjs}'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: globals.node },
    rules: { 'no-console': 'off' },
  },
  { files: ['test/**'], rules: { 'no-console': 'off', '@typescript-eslint/unbound-method': 'off' } },
);
