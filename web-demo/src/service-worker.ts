// Keeps every file of this build, each checked against its hash, so that the page needs no network after one visit. It
// answers for the page alone: any other path of the host, and what other pages ask for, goes to the host.

declare const FILES: readonly { path: string; integrity: string }[];
declare const VERSION: string;

interface LifeEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchEvent extends LifeEvent {
  readonly request: Request;
  readonly clientId: string;
  respondWith(response: Promise<Response>): void;
}
interface Client {
  readonly url: string;
}
interface Scope {
  readonly registration: { readonly scope: string };
  readonly clients: {
    claim(): Promise<void>;
    get(id: string): Promise<Client | undefined>;
    matchAll(options: { type: "window"; includeUncontrolled: boolean }): Promise<Client[]>;
  };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", listener: (event: LifeEvent) => void): void;
  addEventListener(type: "fetch", listener: (event: FetchEvent) => void): void;
}

const scope = self as unknown as Scope;
const CACHE = `capseal-${VERSION}`;
const OURS = /^capseal-[0-9a-f]{16}$/;

/** The host decides what stands at the page's address; only when it does not answer in time, the kept page does. */
const PATIENCE_MS = 3000;

scope.addEventListener("install", (event) => event.waitUntil(keep()));
scope.addEventListener("activate", (event) => event.waitUntil(takeOver()));
scope.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(scope.registration.scope)) return;
  if (request.mode === "navigate") {
    if (isPage(request.url)) event.respondWith(page(event));
  } else if (mayBeKept(request.url)) {
    event.respondWith(file(event));
  }
});

async function keep(): Promise<void> {
  const cache = await caches.open(CACHE);
  await cache.addAll(FILES.map(({ path, integrity }) => new Request(path, { integrity, cache: "no-cache" })));
  await scope.skipWaiting();
}

async function takeOver(): Promise<void> {
  await sweep();
  await scope.clients.claim();
}

/** Pages of an older build that are still open ask for that build's files: its cache goes when no page is open. */
async function sweep(): Promise<void> {
  const open = await scope.clients.matchAll({ type: "window", includeUncontrolled: true });
  if (open.some(({ url }) => isPage(url))) return;
  const older = (await caches.keys()).filter((name) => OURS.test(name) && name !== CACHE);
  await Promise.all(older.map((name) => caches.delete(name)));
}

async function page(event: FetchEvent): Promise<Response> {
  event.waitUntil(sweep());
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, PATIENCE_MS));
  const answer = await Promise.race([fetch(event.request).catch(() => undefined), late]);
  if (answer && answer.status < 500) return answer;
  const cache = await caches.open(CACHE);
  const kept = await cache.match("./");
  return kept ? withoutRedirect(kept) : (answer ?? fetch(event.request));
}

/** A host may lead from the folder to its index.html; browsers refuse such an answer to a navigation. */
function withoutRedirect(response: Response): Response {
  return response.redirected ? new Response(response.body, { headers: response.headers }) : response;
}

/** Names with a hash belong to a build, of which older ones may be kept; other names are this build's. */
function mayBeKept(url: string): boolean {
  const path = pathOf(url);
  return /-[0-9a-f]{10}\.(?:js|css|wasm)$/.test(path) || FILES.some((file) => file.path === path);
}

async function file({ request, clientId }: FetchEvent): Promise<Response> {
  const client = await scope.clients.get(clientId);
  const kept = client && isPage(client.url) ? await find(request) : undefined;
  return kept ?? fetch(request);
}

async function find(request: Request): Promise<Response | undefined> {
  const older = (await caches.keys()).filter((name) => OURS.test(name) && name !== CACHE);
  for (const name of [CACHE, ...older]) {
    const answer = await (await caches.open(name)).match(request, { ignoreSearch: true });
    if (answer) return answer;
  }
  return undefined;
}

function isPage(url: string): boolean {
  return url.startsWith(scope.registration.scope) && ["", "index.html"].includes(pathOf(url));
}

/** Below the scope, without query and fragment. */
function pathOf(url: string): string {
  return url.slice(scope.registration.scope.length).replace(/[?#].*$/s, "");
}
