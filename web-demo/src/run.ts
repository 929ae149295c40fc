// What a run was, for a picture of it: what went in, what ran, what came out, and when. Taken from what a receipt says;
// nothing of it is judged here, and every field may be anything.
import type { FileEntry, Inspection, ReceiptEvent } from "capseal-verify";

export type Role = "code" | "input" | "config" | "output" | "stream";

/** A file or a stream, on its way in or out. */
export interface Thing {
  role: Role;
  name: string;
  file: FileEntry;
  /** The event that first speaks of it, and when that was, in seconds after the start. */
  seq: number | undefined;
  at: number | undefined;
}

/** A process, or several like it: children of the same one that executed the same file. */
export interface Process {
  id: number;
  /** What it executed last; `undefined` when no event says so. */
  path: string | undefined;
  digest: string | undefined;
  /** What it executed before: an interpreter's shims, mostly. */
  byWayOf: string[];
  depth: number;
  /** How many processes this stands for. */
  count: number;
  /** In seconds after the start of the run. */
  began: number | undefined;
  ended: number | undefined;
  /** Exit code, or minus the signal. */
  exit: number | undefined;
  /** The event that tells of its execution, or else of its start. */
  seq: number | undefined;
}

export interface Run {
  wentIn: Thing[];
  processes: Process[];
  cameOut: Thing[];
  /** Seconds from start to end. */
  length: number | undefined;
  /** What happened before the run's own code was read: shims and what they started. Places in the list of events. */
  startUp: { events: Set<number>; processes: number; until: number | undefined };
}

/** Of this many children alike, one stands for all. */
const ALIKE = 3;

interface Seen {
  id: number;
  parent: number | undefined;
  executed: { path: string; digest: string | undefined; place: number }[];
  began: number | undefined;
  ended: number | undefined;
  endPlace: number | undefined;
  exit: number | undefined;
  startSeq: number | undefined;
}

export function runOf({ claim, events, exit, command }: Inspection): Run {
  const start = Date.parse(String(events[0]?.time));
  const after = (event: ReceiptEvent | undefined): number | undefined => {
    const seconds = (Date.parse(String(event?.time)) - start) / 1000;
    return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
  };
  const last = after(events.at(-1));
  const told = typeof exit?.duration_ms === "number" ? exit.duration_ms / 1000 : undefined;
  const length = last !== undefined && last > 0 ? last : told;

  const seen = processesIn(events, after);
  const main = seen.get(1) ?? unseen(1);
  if (main.executed.length === 0 && command?.[0] !== undefined) main.executed.push({ path: command[0], digest: undefined, place: 0 });
  main.began ??= 0;
  main.ended ??= told ?? length;
  if (exit) main.exit ??= exitOf(exit.code, exit.signal);
  seen.set(1, main);

  const startUp = startUpOf(events, claim.code, seen, after);
  const first = firstOf(events);
  const things = (role: Role, files: FileEntry[], type: string): Thing[] =>
    files.map((file) => {
      const stream = role === "output" ? STREAMS[file.path] : undefined;
      const event = first.get(stream ? `stream_ended ${stream.stream}` : `${type} ${file.path}`);
      return { role: stream ? "stream" : role, name: stream?.name ?? file.path, file, seq: event?.seq, at: after(event) };
    });
  return {
    wentIn: [
      ...things("code", claim.code, "file_read"),
      ...things("input", claim.inputs, "file_read"),
      ...things("config", claim.config, "file_read"),
    ],
    processes: arrange(seen, startUp.gone, events),
    cameOut: things("output", claim.outputs, "file_written").sort((a, b) => Number(a.role === "stream") - Number(b.role === "stream")),
    length,
    startUp,
  };
}

/** What a run says goes into its receipt as outputs of these names. */
const STREAMS: Record<string, { name: string; stream: string }> = {
  "/dev/stdout": { name: "standard output", stream: "stdout" },
  "/dev/stderr": { name: "standard error", stream: "stderr" },
};

/** The first event of each type that names a path. */
function firstOf(events: readonly ReceiptEvent[]): Map<string, ReceiptEvent> {
  const first = new Map<string, ReceiptEvent>();
  for (const event of events) {
    const key = `${event.type} ${String(event["path"] ?? event["stream"])}`;
    if (!first.has(key)) first.set(key, event);
  }
  return first;
}

function unseen(id: number): Seen {
  return {
    id,
    parent: undefined,
    executed: [],
    began: undefined,
    ended: undefined,
    endPlace: undefined,
    exit: undefined,
    startSeq: undefined,
  };
}

function processesIn(events: readonly ReceiptEvent[], after: (event: ReceiptEvent) => number | undefined): Map<number, Seen> {
  const seen = new Map<number, Seen>();
  for (const [place, event] of events.entries()) {
    const id = event["process"];
    if (typeof id !== "number" || !/^process_/.test(event.type)) continue;
    const process = seen.get(id) ?? unseen(id);
    seen.set(id, process);
    tell(process, event, place, after(event));
  }
  return seen;
}

/** What an event says about its process. */
function tell(process: Seen, event: ReceiptEvent, place: number, at: number | undefined): void {
  if (event.type === "process_started") {
    if (typeof event["parent"] === "number") process.parent = event["parent"];
    process.began = at;
    process.startSeq = event.seq;
  } else if (event.type === "process_executed") {
    const digest = typeof event["digest"] === "string" ? event["digest"] : undefined;
    process.executed.push({ path: String(event["path"]), digest, place });
    if (process.id !== 1) process.began ??= at;
  } else if (event.type === "process_ended") {
    process.ended = at;
    process.endPlace = place;
    process.exit = exitOf(event["exit_code"], event["exit_signal"]);
  }
}

/** Exit code, or minus the signal. */
function exitOf(code: unknown, signal: unknown): number | undefined {
  if (typeof code === "number") return code;
  return typeof signal === "number" ? -signal : undefined;
}

/**
 * Before a script is read there are its interpreter, and on many machines shims that look for it: all that had ended by
 * then, and what was executed only to execute the next.
 */
function startUpOf(
  events: readonly ReceiptEvent[],
  code: readonly FileEntry[],
  seen: Map<number, Seen>,
  after: (event: ReceiptEvent | undefined) => number | undefined,
): Run["startUp"] & { gone: Set<number> } {
  const digests = new Set(code.map(({ digest }) => digest));
  const isCode = (event: ReceiptEvent): boolean =>
    (event.type === "file_read" && event["role"] === "code") || (event.type === "process_executed" && digests.has(String(event["digest"])));
  const moment = events.findIndex(isCode);
  const gone = new Set<number>();
  const folded = new Set<number>();
  for (const process of seen.values()) {
    if (process.id !== 1 && process.endPlace !== undefined && process.endPlace < moment) gone.add(process.id);
  }
  for (let place = 1; place < moment; place += 1) {
    const event = events[place];
    const process = seen.get(Number(event?.["process"]));
    if (!event || !process || !/^process_/.test(event.type)) continue;
    const stays = event.type === "process_executed" && process.executed.at(-1)?.place === place;
    if (gone.has(process.id) || (event.type === "process_executed" && !stays)) folded.add(place);
  }
  return { events: folded, processes: gone.size, until: after(events[moment]), gone };
}

/** Parents before their children; forks that executed nothing of their own are left out, and many alike are one. */
function arrange(seen: Map<number, Seen>, gone: Set<number>, events: readonly ReceiptEvent[]): Process[] {
  const shown = (process: Seen): boolean => process.id === 1 || (process.executed.length > 0 && !gone.has(process.id));
  const children = new Map<number, Seen[]>();
  const parentOf = ancestors(seen, shown);
  for (const process of seen.values()) {
    if (process.id !== 1 && shown(process)) gather(children, parentOf(process), process);
  }
  const arranged: Process[] = [];
  const placed = new Set<number>();
  // Not by recursion: a chain of processes may be as long as it likes.
  const open = [{ group: [seen.get(1) ?? unseen(1)], depth: 0 }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { group, depth } = next;
    const fresh = group.filter(({ id }) => !placed.has(id));
    if (fresh.length === 0) continue;
    for (const { id } of fresh) placed.add(id);
    arranged.push(asOne(fresh, depth, events));
    const below = fresh.flatMap(({ id }) => children.get(id) ?? []);
    const groups = alike(below, (process) => children.has(process.id)).reverse();
    for (const inner of groups) open.push({ group: inner, depth: depth + 1 });
  }
  return arranged;
}

/** Answers the nearest ancestor that is shown; the main process for what has none, or goes round in a circle. */
function ancestors(seen: Map<number, Seen>, shown: (process: Seen) => boolean): (process: Seen) => number {
  // Each hidden process is passed once, however many come from it.
  const found = new Map<number, number>();
  return ({ id, parent }) => {
    const passed = new Set<number>();
    let at = parent;
    let nearest: number | undefined;
    while (nearest === undefined) {
      const process = at === undefined || at === id ? undefined : seen.get(at);
      if (at === undefined || !process || passed.has(at)) nearest = 1;
      else if (shown(process)) nearest = at;
      else {
        nearest = found.get(at);
        passed.add(at);
        at = process.parent;
      }
    }
    for (const one of passed) found.set(one, nearest);
    return nearest;
  };
}

function alike(processes: readonly Seen[], hasChildren: (process: Seen) => boolean): Seen[][] {
  const groups = new Map<string, Seen[]>();
  for (const process of processes) {
    const path = process.executed.at(-1)?.path ?? "";
    const key = hasChildren(process) ? `process ${process.id}` : `path ${path}`;
    gather(groups, key, process);
  }
  return [...groups.values()].flatMap((group) => (group.length < ALIKE ? group.map((process) => [process]) : [group]));
}

function gather<K, V>(groups: Map<K, V[]>, key: K, value: V): void {
  const group = groups.get(key);
  if (group) group.push(value);
  else groups.set(key, [value]);
}

function asOne(group: readonly Seen[], depth: number, events: readonly ReceiptEvent[]): Process {
  const [first] = group;
  const known = (values: (number | undefined)[]): number[] => values.filter((value) => value !== undefined);
  const executed = first?.executed.at(-1);
  return {
    id: first?.id ?? 1,
    path: executed?.path,
    digest: executed?.digest,
    byWayOf: first?.executed.slice(0, -1).map(({ path }) => path) ?? [],
    depth,
    count: group.length,
    began: least(known(group.map(({ began }) => began))),
    ended: most(known(group.map(({ ended }) => ended))),
    exit: group.map(({ exit }) => exit).find((exit) => exit !== 0) ?? first?.exit,
    seq: executed && executed.place > 0 ? events[executed.place]?.seq : first?.startSeq,
  };
}

function least(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((a, b) => Math.min(a, b));
}

function most(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((a, b) => Math.max(a, b));
}
