// What has to survive a crash (SPEC.md section 12): one file, one line for each write, synced before it counts.
import { closeSync, existsSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {{ type: string, migration: string, epoch: string, [key: string]: unknown }} JournalRecord */

export class Journal {
  #file;
  #length;

  /** @param {string} directory made where it does not exist */
  constructor(directory) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const path = join(directory, 'journal.ndjson');
    const text = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
    // A line without its end was being written when the machine stopped: nothing was answered for it.
    this.#length = text.lastIndexOf(0x0a) + 1;
    /** @type {JournalRecord[]} records of earlier lives, in order */
    this.past = text.toString('utf8', 0, this.#length).split('\n').filter(Boolean).flatMap((line) => JSON.parse(line));
    this.#file = openSync(path, existsSync(path) ? 'r+' : 'w+', 0o600);
    ftruncateSync(this.#file, this.#length);
    fsyncSync(this.#file);
    const parent = openSync(directory, 'r');
    fsyncSync(parent);
    closeSync(parent);
  }

  /**
   * Writes records as one: all of them are on disk, or none.
   * @param {...JournalRecord} records
   */
  write(...records) {
    const line = Buffer.from(`${JSON.stringify(records)}\n`);
    try {
      for (let done = 0; done < line.length; ) {
        done += writeSync(this.#file, line, done, line.length - done, this.#length + done);
      }
      fsyncSync(this.#file);
    } catch (failure) {
      // What a failed sync has left on disk is not known: nothing may be decided on this file any more.
      console.error('The journal cannot be written; this peer stops.', failure);
      process.exit(1);
    }
    this.#length += line.length;
  }
}
