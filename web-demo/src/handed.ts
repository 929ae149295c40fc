// What is handed to the page in one gesture: files, folders, an address, a sample. Reading is bounded before it begins.
import { counted, size } from "./element.js";
import { isOurs, TELLING_BYTES } from "./kind.js";

/** Something went wrong before there were bytes to check; the message is for people, and follows the file's name. */
export class IntakeError extends Error {}

/** One thing that may be a receipt or a trust file. */
export interface Handed {
  name: string;
  read(signal: AbortSignal): Promise<Uint8Array>;
}

/** What one gesture hands over, as a whole. */
export interface Gesture {
  /** What to call it until its files are known. */
  title: string;
  collect(signal: AbortSignal): Promise<Collected>;
}

export interface Collected {
  handed: Handed[];
  /** What was left out, in words. */
  left: string[];
}

/** Somewhat above what the verifier reads by default (48 MiB), so that the verdict and not the page refuses. */
export const LARGEST = 64 * 1024 * 1024;

/** Files that one gesture may bring, and entries of folders that are looked at for them. */
const MOST_FILES = 1000;
const MOST_ENTRIES = 10_000;

/** What is in memory already. */
export function handedBytes(name: string, bytes: Uint8Array): Handed {
  return { name, read: () => Promise.resolve(bytes) };
}

export function handedFile(file: File, name = file.name): Handed {
  return { name, read: () => readFile(file) };
}

/** A gesture whose parts are known at once. */
export function gestureOf(handed: Handed[]): Gesture {
  const title = handed.length === 1 && handed[0] ? handed[0].name : `${handed.length} files`;
  return { title, collect: () => Promise.resolve(bounded(handed)) };
}

/** What came with a drop or a paste. The list is emptied as soon as the event is over, so that it is read here at once. */
export function gestureOfItems(items: DataTransferItemList, files: FileList): Gesture | undefined {
  const entries = [...items].filter((item) => item.kind === "file").map((item) => item.webkitGetAsEntry());
  const folders = entries.filter((entry): entry is FileSystemDirectoryEntry => entry?.isDirectory === true);
  if (folders.length === 0) return files.length === 0 ? undefined : gestureOf([...files].map((file) => handedFile(file)));

  // A folder stands among the files too, as something that cannot be read.
  const loose = [...files].filter((_, place) => entries[place]?.isDirectory !== true).map((file) => handedFile(file));
  return {
    title: [...folders.map(({ name }) => `${name}/`), ...loose.map(({ name }) => name)].join(", "),
    collect: async (signal) => {
      const walks = [];
      for (const folder of folders) walks.push(await walk(folder, signal));
      const { handed, left } = bounded([...loose, ...walks.flatMap((walk) => walk.handed)]);
      return { handed, left: [...walks.flatMap((walk) => walk.left), ...left] };
    },
  };
}

function bounded(handed: Handed[]): Collected {
  const rest = handed.length - MOST_FILES;
  if (rest <= 0) return { handed, left: [] };
  const left = [`${rest} of ${handed.length} files were left out: this page takes ${MOST_FILES} at once.`];
  return { handed: handed.slice(0, MOST_FILES), left };
}

/** The receipts and trust files in a folder and the folders in it. */
async function walk(folder: FileSystemDirectoryEntry, signal: AbortSignal): Promise<Collected> {
  const { handed, others, isCut } = await search(folder, signal);
  const left = [];
  if (others > 0) left.push(`${folder.name}/: ${counted(others, "file")} left out: neither receipt nor trust file.`);
  if (isCut) left.push(`${folder.name}/: only its first ${MOST_ENTRIES} entries were looked at.`);
  if (handed.length === 0) handed.push(nothingIn(`${folder.name}/`, isCut));
  return { handed, left };
}

async function search(folder: FileSystemDirectoryEntry, signal: AbortSignal): Promise<{ handed: Handed[]; others: number; isCut: boolean }> {
  const handed: Handed[] = [];
  const open: FileSystemEntry[] = [folder];
  let others = 0;
  // The folder itself is the first.
  for (let seen = 0; seen <= MOST_ENTRIES && !signal.aborted; seen += 1) {
    const next = open.pop();
    if (!next) break;
    if (next.isDirectory) {
      const inner = await entriesOf(next as FileSystemDirectoryEntry).catch(() => undefined);
      if (inner) open.push(...inner.reverse());
      else handed.push(unreadableFolder(next as FileSystemDirectoryEntry));
    } else if (await isTaken(next as FileSystemFileEntry)) handed.push(entryFile(next as FileSystemFileEntry));
    else others += 1;
  }
  return { handed, others, isCut: open.length > 0 };
}

async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const entries: FileSystemEntry[] = [];
  while (entries.length <= MOST_ENTRIES) {
    // A reader gives its entries piece by piece, and then none.
    const piece = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (piece.length === 0) break;
    entries.push(...piece);
  }
  return entries;
}

/** A file that cannot be looked at is taken, so that the page says so. */
async function isTaken(entry: FileSystemFileEntry): Promise<boolean> {
  try {
    const file = await fileOf(entry);
    return isOurs(file.name, new Uint8Array(await file.slice(0, TELLING_BYTES).arrayBuffer()));
  } catch {
    return true;
  }
}

function entryFile(entry: FileSystemFileEntry): Handed {
  const name = entry.fullPath.replace(/^\//, "");
  const read = async (): Promise<Uint8Array> =>
    readFile(
      await fileOf(entry).catch(() => {
        throw unreadable();
      }),
    );
  return { name, read };
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

function nothingIn(name: string, isCut: boolean): Handed {
  const why = isCut
    ? "There is neither a receipt nor a trust file among its entries that were looked at."
    : "There is neither a receipt nor a trust file in this folder.";
  return { name, read: () => Promise.reject(new IntakeError(why)) };
}

function unreadableFolder({ fullPath }: FileSystemDirectoryEntry): Handed {
  return { name: `${fullPath.replace(/^\//, "")}/`, read: () => Promise.reject(new IntakeError("This folder cannot be read.")) };
}

async function readFile(file: File): Promise<Uint8Array> {
  if (file.size > LARGEST) throw tooLarge(file.size);
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch {
    throw unreadable();
  }
}

function unreadable(): IntakeError {
  return new IntakeError("It cannot be read. If it is a folder, drop the .cap file inside it; if it was changed or moved since, drop it again.");
}

export function tooLarge(bytes: number): IntakeError {
  return new IntakeError(`It has ${size(bytes)} or more. This page reads receipts up to ${size(LARGEST)}.`);
}
