// A server on the loopback interface, for as long as a test runs.
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";

const TYPES = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/**
 * Starts a server. `route` gets a decoded path and answers `{ file }`, `{ type, headers?, body, status? }` or undefined.
 * The server does not keep the process alive.
 */
export async function serve(route) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const found = await resolve(route, decodeURIComponent(pathname));
    if (!found) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(found.status ?? 200, { "content-type": found.type, ...found.headers });
    if (found.path) createReadStream(found.path).pipe(response);
    else response.end(found.body);
  });
  const { origin, close } = await listen(server);
  server.unref();
  return { address: `${origin}/`, close };
}

/** Starts a server that `handle(request, response)` answers for, and ends it after `use(origin)`. */
export async function withHost(handle, use) {
  const { origin, close } = await listen(createServer(handle));
  try {
    return await use(origin);
  } finally {
    close();
  }
}

async function listen(server) {
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { origin: `http://127.0.0.1:${server.address().port}`, close };
}

async function resolve(route, pathname) {
  const found = await route(pathname);
  if (!found?.file) return found;
  const path = found.file instanceof URL ? fileURLToPath(found.file) : found.file;
  const isFile = await stat(path).then(
    (entry) => entry.isFile(),
    () => false,
  );
  return isFile ? { ...found, path, type: TYPES[extname(path)] ?? "application/octet-stream" } : undefined;
}
