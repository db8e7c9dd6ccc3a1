// A guest's memory as this peer holds it: contents, generation and digest of each page.
import { require } from './errors.js';
import { PAGES_PER_SEGMENT, PAGE_SIZE, mixed, pageDigest } from './digests.js';

const ZERO_PAGE = Buffer.alloc(PAGE_SIZE);

/** @typedef {{ block: number, firstPage: number, pageCount: number }} Extent */

export class Memory {
  #algorithm;
  #blocks;
  #generations;
  #digests;
  #zeroDigest;

  /**
   * @param {number[]} sizes bytes of each block
   * @param {number} algorithm
   */
  constructor(sizes, algorithm) {
    this.#algorithm = algorithm;
    let firstIndex = 0;
    this.#blocks = sizes.map((size) => {
      const block = { firstIndex, pages: size / PAGE_SIZE, bytes: Buffer.alloc(size) };
      firstIndex += block.pages;
      return block;
    });
    this.totalPages = firstIndex;
    this.heldPages = 0;
    this.#generations = new Uint32Array(firstIndex);
    this.#digests = new BigUint64Array(firstIndex);
    this.#zeroDigest = pageDigest(algorithm, ZERO_PAGE);
  }

  get bytes() {
    return this.totalPages * PAGE_SIZE;
  }

  get missingPages() {
    return this.totalPages - this.heldPages;
  }

  /** @param {Extent} run */
  check({ block, firstPage, pageCount }) {
    const pages = this.#blocks[block]?.pages ?? 0;
    require(pageCount >= 1 && firstPage + pageCount <= pages, 'PAGE_OUT_OF_RANGE', `Pages ${firstPage} to ${firstPage + pageCount - 1} of block ${block} are not in the geometry.`);
  }

  /**
   * Merges a run that was checked: of each page the highest generation stays.
   * @param {Extent} run
   * @param {number} generation
   * @param {Buffer | null} payload null: zero pages
   * @param {(accepted: boolean) => void} count called for each page
   */
  store({ block, firstPage, pageCount }, generation, payload, count) {
    const { firstIndex, bytes } = this.#blocks[block];
    for (let k = 0; k < pageCount; k++) {
      const index = firstIndex + firstPage + k;
      const held = this.#generations[index];
      if (generation < held) {
        count(false);
        continue;
      }
      const contents = payload?.subarray(k * PAGE_SIZE, (k + 1) * PAGE_SIZE);
      const digest = contents ? pageDigest(this.#algorithm, contents) : this.#zeroDigest;
      if (generation === held) {
        require(digest === this.#digests[index], 'GENERATION_CONFLICT', `Page ${firstPage + k} of block ${block} came with other contents under generation ${generation}.`);
        count(false);
        continue;
      }
      const at = (firstPage + k) * PAGE_SIZE;
      if (contents) contents.copy(bytes, at);
      else if (held !== 0) bytes.fill(0, at, at + PAGE_SIZE);
      if (held === 0) this.heldPages++;
      this.#generations[index] = generation;
      this.#digests[index] = digest;
      count(true);
    }
  }

  /** The memory digest: the sum over all pages held. */
  digest() {
    return this.#sum(0, this.totalPages);
  }

  /** The memory digest, with every page read anew. */
  recomputedDigest() {
    for (const { firstIndex, pages, bytes } of this.#blocks) {
      for (let page = 0; page < pages; page++) {
        if (this.#generations[firstIndex + page] !== 0) {
          this.#digests[firstIndex + page] = pageDigest(this.#algorithm, bytes.subarray(page * PAGE_SIZE, (page + 1) * PAGE_SIZE));
        }
      }
    }
    return this.digest();
  }

  #sum(from, to) {
    let sum = 0n;
    for (let index = from; index < to; index++) {
      if (this.#generations[index] !== 0) sum += mixed(index, this.#digests[index]);
    }
    return BigInt.asUintN(64, sum);
  }

  /** @returns {Generator<{ block: number, firstSegment: number, digests: bigint[] }>} */
  *segmentDigests(most = 8192) {
    for (const [block, { firstIndex, pages }] of this.#blocks.entries()) {
      const segments = Math.ceil(pages / PAGES_PER_SEGMENT);
      for (let first = 0; first < segments; first += most) {
        const digests = [];
        for (let segment = first; segment < Math.min(segments, first + most); segment++) {
          const from = firstIndex + segment * PAGES_PER_SEGMENT;
          digests.push(this.#sum(from, Math.min(from + PAGES_PER_SEGMENT, firstIndex + pages)));
        }
        yield { block, firstSegment: first, digests };
      }
    }
  }

  /**
   * Runs of neighbouring pages of one generation, ascending.
   * @returns {Generator<{ extent: Extent, generation: number }>}
   */
  *inventory() {
    for (const [block, { firstIndex, pages }] of this.#blocks.entries()) {
      for (let first = 0, end; first < pages; first = end) {
        const generation = this.#generations[firstIndex + first];
        end = first + 1;
        while (end < pages && this.#generations[firstIndex + end] === generation) end++;
        if (generation !== 0) yield { extent: { block, firstPage: first, pageCount: end - first }, generation };
      }
    }
  }

  /** @param {Extent} run its indices, from and to (exclusive) */
  indices({ block, firstPage, pageCount }) {
    const from = this.#blocks[block].firstIndex + firstPage;
    return { from, to: from + pageCount };
  }

  /** @param {number} index */
  isHeld(index) {
    return this.#generations[index] !== 0;
  }

  /**
   * The chunk that begins at an index: neighbours of one block and generation, as long as they are wanted.
   * @param {number} index of a page held
   * @param {number} most pages
   * @param {(index: number) => boolean} wanted
   * @returns {{ extent: Extent, generation: number, payload: Buffer | null }}
   */
  chunkAt(index, most, wanted) {
    const block = this.#blocks.findLastIndex((candidate) => candidate.firstIndex <= index);
    const { firstIndex, pages, bytes } = this.#blocks[block];
    const generation = this.#generations[index];
    const zero = this.#isZero(index);
    let end = index + 1;
    while (
      end < firstIndex + pages && end - index < most && wanted(end) &&
      this.#generations[end] === generation && this.#isZero(end) === zero
    ) end++;
    const firstPage = index - firstIndex;
    const extent = { block, firstPage, pageCount: end - index };
    return { extent, generation, payload: zero ? null : bytes.subarray(firstPage * PAGE_SIZE, (end - firstIndex) * PAGE_SIZE) };
  }

  /** By digest first, so that few pages are looked at. */
  #isZero(index) {
    if (this.#digests[index] !== this.#zeroDigest) return false;
    const { firstIndex, bytes } = this.#blocks.findLast((candidate) => candidate.firstIndex <= index);
    const at = (index - firstIndex) * PAGE_SIZE;
    return bytes.compare(ZERO_PAGE, 0, PAGE_SIZE, at, at + PAGE_SIZE) === 0;
  }
}
