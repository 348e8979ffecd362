/**
 * `npm run serve -- --port N [--no-isolation] [--dir dist]`: serves a build as a plain static server would.
 * True 404s, right MIME types, range requests, the page's CSP, and (unless told not to) the headers that make
 * the page cross-origin isolated, which buys it threads.
 */
import { existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import sirv from 'sirv';

const DEFAULT_PORT = 4173;

/** The page sends nothing anywhere, and this is what enforces it. */
export const CSP = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval' blob:",
  "worker-src 'self' blob:",
  "img-src 'self' data: blob:",
  "style-src 'self' 'unsafe-inline'",
  "connect-src 'self' https: http://localhost:* http://127.0.0.1:*",
].join('; ');

/**
 * @param {{ dir: string, isolation: boolean }} options
 * @returns {import('node:http').Server} not yet listening
 */
export function createStaticServer({ dir, isolation }) {
  const index = join(dir, 'index.html');
  let builtAt = -1;
  /** @type {ReturnType<typeof sirv>} */
  let files;
  return createServer((request, response) => {
    // sirv remembers what it found; a new build needs a new look.
    const stamp = existsSync(index) ? statSync(index).mtimeMs : 0;
    if (stamp !== builtAt) {
      builtAt = stamp;
      files = sirv(dir, { etag: true, extensions: [], setHeaders: (res, path) => setHeaders(res, path, isolation) });
    }
    // A folder's own address is its index.html, and nothing else is: not /index, not /index.html/.
    request.url = request.url?.replace(/\/(?=$|\?)/, '/index.html');
    files(request, response, () => {
      response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8', 'Cross-Origin-Resource-Policy': 'same-origin' });
      response.end('There is no such file here.\n');
    });
  });
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {string} path
 * @param {boolean} isolation
 */
function setHeaders(response, path, isolation) {
  // Names under assets/ carry a hash of their content; everything else is asked for again (and answered 304).
  response.setHeader('Cache-Control', path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache');
  response.setHeader('Content-Security-Policy', CSP);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  if (!isolation) return;
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
}

/** @param {string[]} args */
function readArguments(args) {
  const value = (/** @type {string} */ name) => {
    const at = args.indexOf(name);
    return at < 0 ? undefined : args[at + 1];
  };
  const port = Number(value('--port') ?? process.env.PORT ?? DEFAULT_PORT);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    console.error('--port takes a number from 0 to 65535.');
    process.exit(2);
  }
  return { port, dir: resolve(value('--dir') ?? 'dist'), isolation: !args.includes('--no-isolation') };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { port, dir, isolation } = readArguments(process.argv.slice(2));
  if (!existsSync(join(dir, 'index.html'))) {
    console.error(`${dir} holds no build. Run \`npm run build\` first.`);
    process.exit(1);
  }
  const server = createStaticServer({ dir, isolation });
  server.on('error', (error) => {
    const taken = /** @type {NodeJS.ErrnoException} */ (error).code === 'EADDRINUSE';
    console.error(taken ? `Port ${port} is taken. Choose another: npm run serve -- --port ${port + 1}` : String(error));
    process.exit(1);
  });
  server.listen(port, '127.0.0.1', () => {
    const address = /** @type {import('node:net').AddressInfo} */ (server.address());
    console.log(
      `featurescope is at http://localhost:${address.port}/  (${isolation ? 'isolated: threads' : 'not isolated: one thread'}; Ctrl+C ends it)`,
    );
  });
}
