/**
 * The rules of docs/architecture.md, held against the sources: who may import whom, no cycles, sizes of files and
 * functions, exports that nobody imports, words that stand in one place only.
 * Run alone: npm run check:architecture. The unit test runs the same rules.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { DATA_FILES, MAX_FILE_LINES, MAX_FUNCTION_LINES, ROOMS, WORDS } from './rooms.mjs';

const ROOT = resolve(import.meta.dirname, '..');

/**
 * @typedef {{ target: string, typeOnly: boolean, names: string[] | '*' }} Import `target`: path from the root, or a package
 * @typedef {{ path: string, source: ts.SourceFile, imports: Import[] }} Source
 * @typedef {Map<string, Source>} Sources
 */

/** @param {string} root @returns {Sources} every source file of the product, by its path from the root */
export function readSources(root = ROOT) {
  const paths = ['src', 'workers'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.d.ts'))
      .map((path) => join(folder, path)),
  );
  return new Map(paths.map((path) => [path, readSource(path, readFileSync(join(root, path), 'utf8'))]));
}

/** @param {string} path @param {string} text @returns {Source} */
export function readSource(path, text) {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, path.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS);
  /** @type {Import[]} */
  const imports = [];
  /** @param {ts.Node} node */
  const visit = (node) => {
    const found = importOf(path, node);
    if (found) imports.push(found);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { path, source, imports };
}

/** @param {string} path @param {ts.Node} node @returns {Import | undefined} */
function importOf(path, node) {
  const at = (/** @type {string} */ specifier) =>
    specifier.startsWith('.') ? relative('.', join(dirname(path), specifier.replace(/\?\w+$/, ''))) : specifier;
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) return declared(node, at(node.moduleSpecifier.text));
  if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
    const names = node.exportClause && ts.isNamedExports(node.exportClause) ? node.exportClause.elements.map(nameOf) : '*';
    return { target: at(node.moduleSpecifier.text), typeOnly: node.isTypeOnly, names };
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
    return { target: at(node.argument.literal.text), typeOnly: true, names: '*' };
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword && ts.isStringLiteral(node.arguments[0])) {
    // What is fetched later may close a circle of files without harm, as types may.
    return { target: at(node.arguments[0].text), typeOnly: true, names: '*' };
  }
  if (ts.isNewExpression(node) && node.expression.getText() === 'URL' && node.arguments?.[0] && ts.isStringLiteral(node.arguments[0])) {
    const { text } = node.arguments[0];
    return /\.tsx?$/.test(text) ? { target: at(text), typeOnly: true, names: '*' } : undefined;
  }
  return undefined;
}

/** @param {ts.ImportDeclaration} node @param {string} target @returns {Import} */
function declared({ importClause }, target) {
  if (!importClause) return { target, typeOnly: false, names: [] };
  const bindings = importClause.namedBindings;
  if (bindings && ts.isNamespaceImport(bindings)) return { target, typeOnly: importClause.isTypeOnly, names: '*' };
  const elements = bindings ? [...bindings.elements] : [];
  const typeOnly = importClause.isTypeOnly || (!importClause.name && elements.length > 0 && elements.every((e) => e.isTypeOnly));
  return { target, typeOnly, names: [...(importClause.name ? ['default'] : []), ...elements.map(nameOf)] };
}

/** @param {ts.ImportSpecifier | ts.ExportSpecifier} element */
const nameOf = (element) => (element.propertyName ?? element.name).text;

/** The room a path lies in: the longest folder of the list. @param {string} path */
export function roomOf(path) {
  let found = '';
  for (const room of Object.keys(ROOMS)) if ((path === room || path.startsWith(`${room}/`)) && room.length > found.length) found = room;
  return found;
}

/** @param {string} from @param {string} to */
function mayImport(from, to) {
  return from === to || ROOMS[from].some((allowed) => allowed === to || (allowed.endsWith('/*') && to.startsWith(allowed.slice(0, -1))));
}

/** @param {Sources} sources @returns {string[]} imports that follow no arrow */
export function wrongImports(sources) {
  const wrong = [];
  for (const { path, imports } of sources.values()) {
    const from = roomOf(path);
    if (from === '') wrong.push(`${path} lies in no room`);
    else for (const { target } of imports) if (isWrong(from, target)) wrong.push(`${path} → ${target}`);
  }
  return wrong;
}

/** @param {string} from @param {string} target */
function isWrong(from, target) {
  const to = roomOf(target);
  if (to !== '') return !mayImport(from, to);
  const packages = ROOMS[from].filter((allowed) => allowed.startsWith('npm:')).map((allowed) => allowed.slice(4));
  return packages.length > 0 && !packages.includes(target);
}

/** @param {Sources} sources @returns {string[]} files that import themselves through others, types not counted */
export function cycles(sources) {
  /** @type {Set<string>} */
  const done = new Set();
  /** @type {string[]} */
  const found = [];
  /** @param {string} path @param {string[]} way */
  const visit = (path, way) => {
    if (way.includes(path)) return void found.push([...way.slice(way.indexOf(path)), path].join(' → '));
    if (done.has(path)) return;
    for (const { target, typeOnly } of sources.get(path)?.imports ?? []) {
      if (!typeOnly && sources.has(target)) visit(target, [...way, path]);
    }
    done.add(path);
  };
  for (const path of sources.keys()) visit(path, []);
  return found;
}

/** @param {Sources} sources @returns {string[]} rooms that import each other in a circle, types counted */
export function roomCycles(sources) {
  /** @type {Map<string, Set<string>>} */
  const arrows = new Map();
  for (const { path, imports } of sources.values()) {
    const from = roomOf(path);
    for (const { target } of imports) {
      const to = roomOf(target);
      if (to !== '' && to !== from) arrows.set(from, (arrows.get(from) ?? new Set()).add(to));
    }
  }
  /** @type {Set<string>} */
  const done = new Set();
  /** @type {string[]} */
  const found = [];
  /** @param {string} room @param {string[]} way */
  const visit = (room, way) => {
    if (way.includes(room)) return void found.push([...way.slice(way.indexOf(room)), room].join(' → '));
    if (done.has(room)) return;
    for (const next of arrows.get(room) ?? []) visit(next, [...way, room]);
    done.add(room);
  };
  for (const room of arrows.keys()) visit(room, []);
  return found;
}

/** @param {Sources} sources @returns {string[]} files and functions that are too long */
export function tooLong(sources) {
  const found = [];
  for (const { path, source } of sources.values()) {
    if (DATA_FILES.has(path)) continue;
    const lines = source.text.trimEnd().split('\n').length;
    if (lines > MAX_FILE_LINES) found.push(`${path}: ${lines} lines`);
    for (const { name, length } of functionsOf(source)) if (length > MAX_FUNCTION_LINES) found.push(`${path}: ${name}, ${length} lines`);
  }
  return found;
}

/** @param {ts.SourceFile} source @param {number} position */
const lineOf = (source, position) => source.getLineAndCharacterOfPosition(position).line + 1;

/** @param {ts.SourceFile} source @returns {{ name: string, length: number }[]} */
function functionsOf(source) {
  /** @type {{ name: string, length: number }[]} */
  const found = [];
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body) {
      const length = lineOf(source, node.end) - lineOf(source, node.getStart()) + 1;
      const named =
        node.name ?? (ts.isVariableDeclaration(node.parent) || ts.isPropertyAssignment(node.parent) ? node.parent.name : undefined);
      found.push({ name: named?.getText() ?? 'a function without a name', length });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** The contract is for scripts that people write, AssemblyScript exports to its host, commands bundle what they run. */
const ENTRIES = /^src\/api\/|\/assembly\/|^src\/engine\/node\//;

/**
 * Exports that no other file of the product imports. What a test or a script alone imports counts where `others` says so.
 * @param {Sources} sources @param {Source[]} others @returns {string[]}
 */
export function unusedExports(sources, others = []) {
  /** @type {Map<string, Set<string> | '*'>} */
  const used = new Map();
  for (const { imports } of [...sources.values(), ...others]) {
    for (const { target, names } of imports) {
      const before = used.get(target) ?? new Set();
      used.set(target, names === '*' || before === '*' ? '*' : new Set([...before, ...names]));
    }
  }
  const found = [];
  for (const { path, source } of sources.values()) {
    if (ENTRIES.test(path)) continue;
    const names = used.get(path) ?? new Set();
    if (names === '*') continue;
    for (const name of exportsOf(source)) if (!names.has(name)) found.push(`${path}: ${name}`);
  }
  return found;
}

/** @param {ts.SourceFile} source @returns {string[]} */
function exportsOf(source) {
  return source.statements.flatMap((statement) => {
    if (ts.isExportDeclaration(statement)) {
      return statement.exportClause && ts.isNamedExports(statement.exportClause)
        ? statement.exportClause.elements.map((e) => e.name.text)
        : [];
    }
    if (!ts.canHaveModifiers(statement) || !ts.getModifiers(statement)?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword)) return [];
    if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.map((d) => d.name.getText());
    return 'name' in statement && statement.name ? [/** @type {ts.Identifier} */ (statement.name).text] : [];
  });
}

/** @param {Sources} sources @returns {string[]} words said where they may not be */
export function misplacedWords(sources) {
  const found = [];
  for (const { path, source } of sources.values()) {
    const code = source.text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    for (const { words, place } of WORDS) if (words.test(code) && !place.test(path)) found.push(`${path}: ${words.source}`);
  }
  return found;
}

/** Tests and scripts: what only they import is a seam, not dead. @returns {Source[]} */
export function readUsers(root = ROOT) {
  return ['test', 'scripts'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.(tsx?|mjs)$/.test(path) && !path.endsWith('.d.ts'))
      .map((path) => readSource(join(folder, path), readFileSync(join(root, folder, path), 'utf8'))),
  );
}

/** @returns {Record<string, string[]>} what is wrong, by rule; a rule that holds has an empty list */
export function checkArchitecture(root = ROOT) {
  const sources = readSources(root);
  return {
    'imports that follow no arrow': wrongImports(sources),
    'files that import themselves through others': cycles(sources),
    'rooms that import each other in a circle': roomCycles(sources),
    'too long': tooLong(sources),
    'exports that nobody imports': unusedExports(sources, readUsers(root)),
    'words in the wrong place': misplacedWords(sources),
  };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  let faults = 0;
  for (const [rule, wrong] of Object.entries(checkArchitecture())) {
    console.log(`${wrong.length === 0 ? 'holds' : `${wrong.length} ×`}: ${rule}`);
    for (const line of wrong) console.log(`  ${line}`);
    faults += wrong.length;
  }
  process.exitCode = faults === 0 ? 0 : 1;
}
