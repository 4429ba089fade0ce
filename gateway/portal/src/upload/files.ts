/** Files that the user chose or dropped, folders opened up. */

export interface Item {
  file: File;
  /** Path within what was dropped, for the list of failures. */
  path: string;
}

/** What never is an image of a study but lies beside them on discs and exports. */
const NOT_IMAGES = /(^|\/)(\.|__MACOSX\/|DICOMDIR$|thumbs\.db$)|\.(txt|xml|json|html?|css|js|exe|dll|inf|ini|pdf|jpe?g|png|gif|bmp|zip|gz|md|csv|log)$/i;

export function fromInput(list: FileList | null): Item[] {
  return [...(list ?? [])].map(file => ({ file, path: file.webkitRelativePath || file.name }));
}

/** Reads a drop; must be called in the event itself, while the entries exist. */
export async function fromDrop(transfer: DataTransfer): Promise<Item[]> {
  const entries = [...transfer.items].map(item => item.webkitGetAsEntry()).filter(entry => entry !== null);
  const items: Item[] = [];
  for (const entry of entries) {
    await collect(entry, items);
  }
  return items;
}

export function splitImages(items: Item[]): { images: Item[]; skipped: number } {
  const images = items.filter(item => item.file.size > 0 && !NOT_IMAGES.test(item.path));
  return { images, skipped: items.length - images.length };
}

async function collect(entry: FileSystemEntry, items: Item[]): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    items.push({ file, path: entry.fullPath.replace(/^\//, '') });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // A reader answers at most 100 entries a call and an empty list at the end.
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) {
      return;
    }
    for (const child of batch) {
      await collect(child, items);
    }
  }
}
