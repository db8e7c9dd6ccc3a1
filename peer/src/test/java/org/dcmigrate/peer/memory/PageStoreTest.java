package org.dcmigrate.peer.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Extent;
import org.dcmigrate.protocol.GenerationExtent;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.RamBlock;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.pages.PageDigest;
import org.dcmigrate.protocol.pages.PageSet;
import org.dcmigrate.protocol.wire.Compression;
import org.dcmigrate.protocol.wire.TransferMessage.Chunk;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PageStoreTest {
  private static final int PAGE = Geometry.PAGE_BYTES;
  private static final int FIRST_PAGES = 1100;
  private static final int SECOND_PAGES = 5;
  private static final int PAGES = FIRST_PAGES + SECOND_PAGES;
  private static final Geometry GEOMETRY =
      new Geometry(
          List.of(
              new RamBlock("a", (long) PAGE * FIRST_PAGES),
              new RamBlock("b", (long) PAGE * SECOND_PAGES)));

  @TempDir Path directory;
  private GuestHome home;
  private PageStore store;

  @BeforeEach
  void open() throws DcmException {
    home = GuestHome.open(directory.resolve("home"), GEOMETRY);
    store = new PageStore(home, PageDigest.Algorithm.CRC64);
  }

  @AfterEach
  void close() {
    store.close();
    home.close();
  }

  /** Two senders bring random versions of all pages at the same time, each in its own order. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void theHighestGenerationStaysWhoeverBringsIt(long seed) throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    int[] highest = new int[PAGES];
    List<Chunk> chunks = new ArrayList<>();
    for (int i = 0; i < 600; i++) {
      chunks.add(randomChunk(random, highest));
    }
    List<Chunk> twice = new ArrayList<>(chunks);
    Collections.shuffle(chunks, new Random(seed));
    Collections.shuffle(twice, new Random(seed + 1));

    long accepted = 0;
    CyclicBarrier start = new CyclicBarrier(2);
    try (ExecutorService senders = Executors.newFixedThreadPool(2)) {
      List<Future<Long>> counts = new ArrayList<>();
      for (List<Chunk> all : List.of(chunks, twice)) {
        counts.add(
            senders.submit(
                () -> {
                  start.await();
                  long sum = 0;
                  for (Chunk chunk : all) {
                    PageStore.Applied applied = store.apply(chunk);
                    assertThat(applied.acceptedPages() + applied.duplicatePages())
                        .isEqualTo(chunk.pageCount());
                    sum += applied.acceptedPages();
                  }
                  return sum;
                }));
      }
      for (Future<Long> count : counts) {
        accepted += count.get();
      }
    }

    PageDigest digest = PageDigest.newInstance(PageDigest.Algorithm.CRC64);
    long held = 0;
    long expectedDigest = 0;
    for (int index = 0; index < PAGES; index++) {
      byte[] expected = highest[index] == 0 ? new byte[PAGE] : content(index, highest[index]);
      assertThat(page(index)).isEqualTo(expected);
      if (highest[index] != 0) {
        held++;
        expectedDigest += PageDigest.mixed(index, digest.of(expected));
      }
    }
    assertThat(store.heldPages()).isEqualTo(held);
    assertThat(store.missingPages()).isEqualTo(PAGES - held);
    assertThat(store.memoryDigest()).isEqualTo(expectedDigest);
    assertThat(accepted).isGreaterThanOrEqualTo(held);
    long segments = 0;
    for (int block = 0; block < 2; block++) {
      for (long segment = 0; segment < store.segments(block); segment++) {
        segments += store.segmentDigest(block, segment);
      }
    }
    assertThat(segments).isEqualTo(expectedDigest);
    checkInventory(highest);
    checkRelay();
  }

  @Test
  void nothingIsWrittenWhenTheChecksumIsWrong() {
    byte[] payload = content(1, 1);
    Chunk right = Chunk.of(0, 0, 1, MemorySegment.ofArray(payload));
    payload[17] ^= 1;
    refused(right, Reason.CHECKSUM_MISMATCH);
    assertThat(store.heldPages()).isZero();
    assertThat(page(0)).containsOnly(0);
  }

  @Test
  void hostileChunksAreRefused() {
    MemorySegment payload = MemorySegment.ofArray(new byte[2 * PAGE]);
    refused(Chunk.of(0, FIRST_PAGES - 1, 1, payload), Reason.PAGE_OUT_OF_RANGE);
    refused(Chunk.of(2, 0, 1, payload), Reason.PAGE_OUT_OF_RANGE);
    refused(Chunk.of(-1, 0, 1, payload), Reason.PAGE_OUT_OF_RANGE);
    refused(Chunk.of(0, -1, 1, payload), Reason.PAGE_OUT_OF_RANGE);
    refused(Chunk.zero(0, 0, 0, 1), Reason.PAGE_OUT_OF_RANGE);
    refused(Chunk.zero(0, 1, Long.MAX_VALUE, 1), Reason.PAGE_OUT_OF_RANGE);
    refused(Chunk.zero(0, 0, 1, 0), Reason.GENERATION_INVALID);
    Chunk honest = Chunk.of(0, 0, 1, payload);
    refused(
        new Chunk(0, 0, 3, 1, honest.payloadCrc32c(), Compression.NONE, honest.payload()),
        Reason.CHUNK_TOO_LARGE);
    assertThat(store.heldPages()).isZero();
  }

  @Test
  void oneGenerationWithTwoContentsIsAConflict() throws DcmException {
    Chunk first = Chunk.of(0, 3, 9, MemorySegment.ofArray(content(3, 9)));
    store.apply(first);
    assertThat(store.apply(first)).isEqualTo(new PageStore.Applied(0, 1));
    refused(Chunk.of(0, 3, 9, MemorySegment.ofArray(content(4, 9))), Reason.GENERATION_CONFLICT);
    refused(Chunk.zero(0, 3, 1, 9), Reason.GENERATION_CONFLICT);
    assertThat(page(3)).isEqualTo(content(3, 9));
    assertThat(store.apply(Chunk.of(0, 3, 8, MemorySegment.ofArray(content(4, 9)))))
        .isEqualTo(new PageStore.Applied(0, 1));
  }

  /** Pages before the one in conflict are kept, whether they were on their way to it or not. */
  @Test
  void pagesBeforeAConflictAreThere() throws DcmException {
    store.apply(Chunk.of(0, 6, 2, MemorySegment.ofArray(content(6, 2))));
    MemorySegment payload = MemorySegment.ofArray(contents(3, 5, 2));
    MemorySegment.copy(MemorySegment.ofArray(content(1, 1)), 0, payload, 3 * PAGE, PAGE);
    refused(Chunk.of(0, 3, 2, payload), Reason.GENERATION_CONFLICT);
    assertThat(store.heldPages()).isEqualTo(4);
    assertThat(page(5)).isEqualTo(content(5, 2));
    assertThat(page(6)).isEqualTo(content(6, 2));
    assertThat(page(7)).containsOnly(0);
  }

  /** A write fails in the middle of an interrupted thread, as it does on a full disk. */
  @Test
  void whatCannotBeWrittenDoesNotCountAsHeld() {
    Thread.currentThread().interrupt();
    refused(Chunk.of(0, 3, 1, MemorySegment.ofArray(contents(3, 40, 1))), Reason.LIMIT_EXCEEDED);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(store.heldPages()).isZero();
  }

  @Test
  void generationsAreUnsigned() throws DcmException {
    store.apply(Chunk.zero(0, 0, 2, Integer.MAX_VALUE));
    assertThat(store.apply(Chunk.zero(0, 0, 2, Integer.MIN_VALUE)).acceptedPages()).isEqualTo(2);
    assertThat(store.apply(Chunk.zero(0, 0, 2, 5)).acceptedPages()).isZero();
  }

  @Test
  void zerosOverwriteAndContentOverZerosIsWritten() throws DcmException {
    store.apply(Chunk.of(0, 511, 1, MemorySegment.ofArray(contents(511, 2, 1))));
    store.apply(Chunk.zero(0, 0, FIRST_PAGES, 2));
    assertThat(page(511)).containsOnly(0);
    assertThat(page(512)).containsOnly(0);
    assertThat(store.heldPages()).isEqualTo(FIRST_PAGES);
    store.apply(Chunk.of(0, 512, 3, MemorySegment.ofArray(contents(512, 1, 3))));
    assertThat(page(512)).isEqualTo(content(512, 3));
  }

  @Test
  void heldOfLeavesOutWhatIsNotHeld() throws DcmException {
    store.apply(Chunk.zero(0, 10, 10, 1));
    PageSet named = new PageSet(GEOMETRY);
    named.add(0, 15, 100);
    named.add(1, 0, 2);
    PageSet held = store.heldOf(named);
    assertThat(held.count()).isEqualTo(5);
    assertThat(held.nextRun(0, 0, 100)).contains(new Extent(0, 15, 5));
  }

  private void checkInventory(int[] highest) {
    List<GenerationExtent> inventory = new ArrayList<>();
    store.inventory(inventory::add);
    int[] told = new int[PAGES];
    for (GenerationExtent each : inventory) {
      for (long i = 0; i < each.extent().pageCount(); i++) {
        int index =
            (int) ((long) each.extent().block() * FIRST_PAGES + each.extent().firstPage() + i);
        assertThat(told[index]).isZero();
        told[index] = each.generation();
      }
    }
    assertThat(told).isEqualTo(highest);
  }

  /** What this peer relays makes another one hold the same. */
  private void checkRelay() throws DcmException {
    Path elsewhere = directory.resolve("relayed");
    try (GuestHome other = GuestHome.open(elsewhere, GEOMETRY);
        PageStore copy = new PageStore(other, PageDigest.Algorithm.CRC64)) {
      for (int first = 0; first < FIRST_PAGES; first += 300) {
        int count = Math.min(300, FIRST_PAGES - first);
        for (Chunk chunk : store.chunks(new Extent(0, first, count))) {
          assertThat(copy.apply(chunk).duplicatePages()).isZero();
        }
      }
      for (Chunk chunk : store.chunks(new Extent(1, 0, SECOND_PAGES))) {
        copy.apply(chunk);
      }
      assertThat(copy.memoryDigest()).isEqualTo(store.memoryDigest());
      assertThat(copy.heldPages()).isEqualTo(store.heldPages());
      for (int block = 0; block < 2; block++) {
        assertThat(other.memory(block).mismatch(home.memory(block))).isEqualTo(-1);
      }
    }
  }

  private static Chunk randomChunk(SplittableRandom random, int[] highest) {
    int block = random.nextInt(10) == 0 ? 1 : 0;
    int pages = block == 0 ? FIRST_PAGES : SECOND_PAGES;
    int first = random.nextInt(pages);
    int count = 1 + random.nextInt(Math.min(random.nextBoolean() ? 3 : 256, pages - first));
    int firstIndex = block * FIRST_PAGES + first;
    // Few generations, so that equal ones meet; some beyond the sign.
    int generation = random.nextInt(8) == 0 ? -1 - random.nextInt(8) : 1 + random.nextInt(40);
    boolean zero = isZero(generation);
    for (int i = firstIndex; i < firstIndex + count; i++) {
      if (Integer.compareUnsigned(generation, highest[i]) > 0) {
        highest[i] = generation;
      }
    }
    return zero && random.nextBoolean()
        ? Chunk.zero(block, first, count, generation)
        : Chunk.of(
            block,
            first,
            generation,
            MemorySegment.ofArray(contents(firstIndex, count, generation)));
  }

  private static boolean isZero(int generation) {
    return generation % 5 == 0;
  }

  private static byte[] content(int index, int generation) {
    return contents(index, 1, generation);
  }

  private static byte[] contents(int firstIndex, int count, int generation) {
    byte[] bytes = new byte[count * PAGE];
    if (!isZero(generation)) {
      for (int i = 0; i < count; i++) {
        byte[] one = new byte[PAGE];
        new SplittableRandom((firstIndex + i) * 0x1_0000_0000L + generation).nextBytes(one);
        System.arraycopy(one, 0, bytes, i * PAGE, PAGE);
      }
    }
    return bytes;
  }

  private byte[] page(int index) {
    int block = index < FIRST_PAGES ? 0 : 1;
    byte[] copy = new byte[PAGE];
    long offset = (long) (index - block * FIRST_PAGES) * PAGE;
    MemorySegment.copy(home.memory(block), offset, MemorySegment.ofArray(copy), 0, PAGE);
    return copy;
  }

  private void refused(Chunk chunk, Reason reason) {
    assertThatExceptionOfType(DcmException.class)
        .isThrownBy(() -> store.apply(chunk))
        .matches(refused -> refused.reason() == reason, reason.name());
  }
}
