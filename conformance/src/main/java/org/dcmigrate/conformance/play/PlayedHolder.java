package org.dcmigrate.conformance.play;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeSet;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Extent;
import org.dcmigrate.protocol.GenerationExtent;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.pages.PageDigest;
import org.dcmigrate.protocol.wire.Wire;
import org.dcmigrate.v1.AttemptRef;
import org.dcmigrate.v1.InventoryBatch;
import org.dcmigrate.v1.MetadataRecord;
import org.dcmigrate.v1.OpenRequest;
import org.dcmigrate.v1.PageChunk;

/** What a played peer holds of one migration, as destination or contributor. */
public final class PlayedHolder {
  /** Where it stands. */
  public enum State {
    OPENED,
    RECEIVING,
    PREPARED,
    DECIDING,
    OWNED,
    DETACHED,
    RELAYING,
    DRAINED,
    FAILED,
    FORGOTTEN
  }

  private final String migrationId;
  private final PageDigest digests;
  private final Map<PeerId, Long> accepted = new HashMap<>();
  private final NavigableSet<Long> waiting = new TreeSet<>();
  private List<PeerId> contributors = List.of();
  private List<MetadataRecord> records = List.of();
  private Optional<Memory> memory = Optional.empty();
  private State state = State.OPENED;
  private long epoch;
  private long relayed;
  private long preparedDigest;

  PlayedHolder(OpenRequest first) throws DcmException {
    migrationId = first.getAttempt().getMigrationId();
    digests = PageDigest.newInstance(Wire.digest(first.getDigestAlgorithm()));
  }

  // ---- For cases.

  /** Where it stands. */
  public synchronized State state() {
    return state;
  }

  /** The highest epoch that it knows. */
  public synchronized long epoch() {
    return epoch;
  }

  /** The metadata that it took last. */
  public synchronized List<MetadataRecord> records() {
    return records;
  }

  /** Number of pages held. */
  public synchronized long heldPages() {
    return memory.map(Memory::heldPages).orElse(0L);
  }

  /** The generation under which a page is held; 0 for one that is not. */
  public synchronized int generationOf(long index) {
    return memory.map(held -> held.generationOf(index)).orElse(0);
  }

  /** The digest of a page that is held, else 0. */
  public synchronized long digestOf(long index) {
    return memory.map(held -> held.digestOf(index)).orElse(0L);
  }

  /** The digest of all that is held. */
  public synchronized long digest() {
    return memory.map(Memory::digest).orElse(0L);
  }

  /**
   * The index of a block's first page; 0 before the metadata, and for a block that is not there.
   */
  public synchronized long firstIndex(int block) {
    long[] firsts = memory.map(held -> held.geometry().firstIndexes()).orElse(new long[0]);
    return block >= 0 && block < firsts.length ? firsts[block] : 0;
  }

  /** Number of pages of the guest; 0 before the metadata. */
  public synchronized long totalPages() {
    return memory.map(held -> held.geometry().totalPages()).orElse(0L);
  }

  /** How pages are digested. */
  public PageDigest digests() {
    return digests;
  }

  // ---- Steps.

  synchronized long open(OpenRequest request) throws DcmException {
    long asked = request.getAttempt().getEpoch();
    if (state == State.DECIDING || state == State.OWNED) {
      throw new DcmException(Reason.TOO_LATE, "the guest was granted");
    }
    if (asked == epoch) {
      throw new DcmException(Reason.ALREADY_OPEN, "this epoch was opened before");
    }
    requireNotStale(asked);
    epoch = asked;
    state = State.OPENED;
    contributors = Wire.contributors(request.getContributorsList());
    waiting.clear();
    accepted.clear();
    return heldPages();
  }

  synchronized void describe(AttemptRef attempt, List<MetadataRecord> described)
      throws DcmException {
    require(attempt, State.OPENED);
    Geometry geometry = Wire.metadata(described).geometry();
    records = List.copyOf(described);
    memory = memory.or(() -> Optional.of(new Memory(geometry, digests.algorithm())));
    state = State.RECEIVING;
  }

  /** Takes a chunk; gives the index of its first page. */
  synchronized long store(AttemptRef attempt, PeerId from, PageChunk chunk) throws DcmException {
    require(attempt, State.RECEIVING);
    Memory held = memory.orElseThrow();
    held.geometry().check(new Extent(chunk.getBlock(), chunk.getFirstPage(), chunk.getPageCount()));
    held.apply(chunk);
    accepted.merge(from, chunk.getPageCount(), Long::sum);
    return held.geometry().firstIndexes()[chunk.getBlock()] + chunk.getFirstPage();
  }

  /** Takes a page from a contributor. */
  synchronized void relayed(long ofEpoch, PeerId from, long index, int generation, long digest)
      throws DcmException {
    if (state != State.RECEIVING || ofEpoch != epoch) {
      throw new DcmException(Reason.STATE_CONFLICT, "this peer does not receive in this epoch");
    }
    if (!contributors.contains(from)) {
      throw new DcmException(Reason.SENDER_NOT_ANNOUNCED, "the contributor was not announced");
    }
    memory.orElseThrow().merge(index, generation, digest);
    accepted.merge(from, 1L, Long::sum);
  }

  synchronized List<InventoryBatch> inventory(AttemptRef attempt) throws DcmException {
    require(attempt, State.OPENED, State.RECEIVING);
    return batches();
  }

  synchronized List<List<Long>> segments(AttemptRef attempt) throws DcmException {
    require(attempt, State.OPENED, State.RECEIVING);
    return memory.map(Memory::segments).orElse(List.of());
  }

  /** Whether memory is complete and has this digest; then it is prepared. */
  synchronized boolean prepare(AttemptRef attempt, long digest) throws DcmException {
    require(attempt, State.RECEIVING);
    boolean right = missingPages() == 0 && digest() == digest;
    if (right) {
      state = State.PREPARED;
      preparedDigest = digest;
    }
    return right;
  }

  /** Number of pages that never came. */
  public synchronized long missingPages() {
    return memory.map(Memory::missingPages).orElse(0L);
  }

  /** Whether the guest runs here already. */
  synchronized boolean grant(AttemptRef attempt, long digest) throws DcmException {
    require(attempt, State.PREPARED, State.DECIDING, State.OWNED);
    if (digest != preparedDigest) {
      throw new DcmException(Reason.DIGEST_MISMATCH, "another digest was prepared");
    }
    if (state == State.OWNED) {
      return true;
    }
    state = State.DECIDING;
    return false;
  }

  synchronized boolean own() {
    if (state != State.DECIDING) {
      return state == State.OWNED;
    }
    state = State.OWNED;
    return true;
  }

  synchronized List<InventoryBatch> detach(AttemptRef attempt) throws DcmException {
    requireNotStale(attempt.getEpoch());
    if (state == State.DECIDING || state == State.OWNED) {
      throw new DcmException(Reason.TOO_LATE, "the guest was granted");
    }
    if (state == State.FORGOTTEN) {
      throw new DcmException(Reason.MIGRATION_UNKNOWN, "this migration was forgotten");
    }
    if (attempt.getEpoch() == epoch && state != State.DETACHED) {
      throw new DcmException(Reason.STATE_CONFLICT, "not to be detached in its own epoch");
    }
    epoch = attempt.getEpoch();
    state = State.DETACHED;
    waiting.clear();
    relayed = 0;
    return batches();
  }

  synchronized long relay(AttemptRef attempt, List<Extent> named) throws DcmException {
    require(attempt, State.DETACHED);
    Memory held = memory.orElseThrow();
    for (Extent extent : named) {
      long first = held.geometry().firstIndexes()[extent.block()] + extent.firstPage();
      for (long index = first; index < first + extent.pageCount(); index++) {
        if (held.generationOf(index) != 0) {
          waiting.add(index);
        }
      }
    }
    state = State.RELAYING;
    return waiting.size();
  }

  synchronized List<Extent> extents(List<org.dcmigrate.v1.Extent> messages) throws DcmException {
    if (memory.isEmpty()) {
      throw new DcmException(Reason.STATE_CONFLICT, "no metadata came");
    }
    return Wire.extents(messages, memory.get().geometry());
  }

  /** The next page to relay in this epoch, if one waits. */
  synchronized Optional<Long> nextToRelay(long ofEpoch) {
    return state == State.RELAYING && ofEpoch == epoch
        ? Optional.ofNullable(waiting.pollFirst())
        : Optional.empty();
  }

  /**
   * Holds the next page that it is to relay under another generation, with other contents, as a
   * contributor that makes pages up; gives that page, where one waits.
   */
  public synchronized OptionalLong makeUpNext(int generation) {
    if (waiting.isEmpty()) {
      return OptionalLong.empty();
    }
    long index = waiting.first();
    memory.orElseThrow().merge(index, generation, ~digestOf(index));
    return OptionalLong.of(index);
  }

  synchronized void relayedOne() {
    relayed++;
  }

  synchronized void endRelay(long ofEpoch, State end) {
    if (state == State.RELAYING && ofEpoch == epoch) {
      state = end;
    }
  }

  synchronized long skip(AttemptRef attempt, List<Extent> skipped) throws DcmException {
    require(attempt, State.DETACHED, State.RELAYING, State.DRAINED, State.FAILED);
    long before = waiting.size();
    Memory held = memory.orElseThrow();
    for (Extent extent : skipped) {
      long first = held.geometry().firstIndexes()[extent.block()] + extent.firstPage();
      waiting.subSet(first, first + extent.pageCount()).clear();
    }
    return before - waiting.size();
  }

  synchronized long waitingPages() {
    return waiting.size();
  }

  synchronized long relayedPages() {
    return relayed;
  }

  synchronized Map<PeerId, Long> acceptedPages() {
    return Map.copyOf(accepted);
  }

  synchronized void forget(AttemptRef attempt) throws DcmException {
    if (state == State.OWNED) {
      throw new DcmException(Reason.TOO_LATE, "the guest runs here");
    }
    if (state != State.FORGOTTEN) {
      requireNotStale(attempt.getEpoch());
    }
    epoch = Math.max(epoch, attempt.getEpoch());
    state = State.FORGOTTEN;
    memory = Optional.empty();
    waiting.clear();
  }

  /** As after a crash without OWNED on disk. */
  synchronized void crash() {
    if (state != State.OWNED) {
      state = State.FORGOTTEN;
      memory = Optional.empty();
      waiting.clear();
    }
  }

  /** Refuses what is not of the current epoch or not allowed in this state. */
  synchronized void require(AttemptRef attempt, State... allowed) throws DcmException {
    requireNotStale(attempt.getEpoch());
    if (state == State.FORGOTTEN) {
      boolean switchover = List.of(allowed).contains(State.PREPARED);
      throw new DcmException(
          switchover ? Reason.ATTEMPT_DISCARDED : Reason.MIGRATION_UNKNOWN,
          "migration " + migrationId + " was forgotten");
    }
    if (attempt.getEpoch() != epoch || !List.of(allowed).contains(state)) {
      throw new DcmException(
          Reason.STATE_CONFLICT, "not allowed in epoch %d, %s".formatted(epoch, state));
    }
  }

  private void requireNotStale(long asked) throws DcmException {
    if (asked < epoch) {
      throw new DcmException(Reason.EPOCH_STALE, "epoch %d was seen".formatted(epoch));
    }
  }

  private List<InventoryBatch> batches() {
    List<GenerationExtent> held = new ArrayList<>();
    if (memory.isPresent()) {
      Geometry geometry = memory.get().geometry();
      for (int block = 0; block < geometry.blocks().size(); block++) {
        runs(memory.get(), block, geometry, held);
      }
    }
    List<InventoryBatch> batches = new ArrayList<>();
    for (int from = 0; from < held.size(); from += Wire.MAX_EXTENTS) {
      batches.add(
          Wire.inventory(held.subList(from, Math.min(held.size(), from + Wire.MAX_EXTENTS))));
    }
    return batches;
  }

  private static void runs(
      Memory memory, int block, Geometry geometry, List<GenerationExtent> into) {
    long start = geometry.firstIndexes()[block];
    long pages = geometry.blocks().get(block).pages();
    long page = 0;
    while (page < pages) {
      int generation = memory.generationOf(start + page);
      long end = page + 1;
      while (end < pages && memory.generationOf(start + end) == generation) {
        end++;
      }
      if (generation != 0) {
        into.add(new GenerationExtent(new Extent(block, page, end - page), generation));
      }
      page = end;
    }
  }
}
