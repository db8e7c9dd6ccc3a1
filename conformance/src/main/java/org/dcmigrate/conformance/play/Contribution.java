package org.dcmigrate.conformance.play;

import com.google.protobuf.ByteString;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.v1.ContributorServiceGrpc;
import org.dcmigrate.v1.ContributorState;
import org.dcmigrate.v1.DetachRequest;
import org.dcmigrate.v1.DetachResponse;
import org.dcmigrate.v1.Extent;
import org.dcmigrate.v1.GetContributorStatusRequest;
import org.dcmigrate.v1.GetContributorStatusResponse;
import org.dcmigrate.v1.PageChunk;
import org.dcmigrate.v1.PeerRef;
import org.dcmigrate.v1.RelayRequest;
import org.dcmigrate.v1.RelayResponse;
import org.dcmigrate.v1.SkipRequest;
import org.dcmigrate.v1.SkipResponse;
import org.dcmigrate.v1.TransferShare;

/** A target that contributes: detached from the tester's migration, relaying to the tester. */
public final class Contribution {
  /** The epoch in which the target was destination. */
  public static final int OLD_EPOCH = 5;

  /** The epoch in which it contributes. */
  public static final int EPOCH = 6;

  private static final int CHUNK_PAGES = 200;

  private final Trial trial;
  private final TestMigration migration;
  private final SortedMap<Long, PageChunk> stored = new TreeMap<>();
  private final RelayTarget.Relayed relayed;

  private Contribution(Trial trial, TestMigration migration, RelayTarget.Relayed relayed) {
    this.trial = trial;
    this.migration = migration;
    this.relayed = relayed;
  }

  /** A target that holds the first pages of the guest, at generations 3 and above. */
  public static Contribution holding(Trial trial) {
    TestMigration migration = trial.migration().epoch(OLD_EPOCH);
    Contribution held =
        new Contribution(trial, migration, trial.relays().expect(migration.attempt(EPOCH)));
    trial.given("Open and metadata are accepted", migration::receiving);
    trial.given("pages are stored", held::fill);
    return held;
  }

  /** The same, detached. */
  public static Contribution detached(Trial trial) {
    Contribution held = holding(trial);
    trial.given("Detach is accepted", held::detach);
    return held;
  }

  /** The same, under way and held up: it has sent as much as one byte in a second lets it. */
  public static Contribution relaying(Trial trial) {
    Contribution held = detached(trial);
    trial.given("Relay is accepted", () -> held.relayed(share(1)));
    trial.given("the relay begins", () -> held.await("a chunk", () -> !held.chunks().isEmpty()));
    return held;
  }

  private void fill() {
    for (long first = 0; first < TestGuest.FEWEST_PAGES; first += CHUNK_PAGES) {
      int pages = (int) Math.min(CHUNK_PAGES, TestGuest.FEWEST_PAGES - first);
      int generation = (int) (3 + first / CHUNK_PAGES);
      PageChunk chunk = Chunks.of(0, first, generation, Chunks.content(first, pages));
      migration.stored(chunk);
      for (int i = 0; i < pages; i++) {
        stored.put(first + i, chunk);
      }
    }
  }

  /** The migration. */
  public TestMigration migration() {
    return migration;
  }

  /** What came of the relay. */
  public RelayTarget.Relayed received() {
    return relayed;
  }

  /** The chunks that came. */
  public List<PageChunk> chunks() {
    return relayed.chunks();
  }

  /** Detaches in the epoch of the contribution; the inventory has to be right. */
  public void detach() {
    detach(EPOCH);
  }

  /** Detaches in an epoch; the inventory has to be right. */
  public void detach(long epoch) {
    detach(epoch, trial.target().self());
  }

  /** Detaches in an epoch for this new destination; the inventory has to be right. */
  public void detach(long epoch, PeerId newDestination) {
    migration.epoch(epoch);
    List<DetachResponse> parts =
        Expect.ok(
            "Detach",
            trial.call(
                ContributorServiceGrpc.getDetachMethod(),
                DetachRequest.newBuilder()
                    .setAttempt(migration.attempt())
                    .setNewDestination(PeerRef.newBuilder().setIdentity(newDestination.uri()))
                    .build()));
    Inventories.check(trial, migration, parts.stream().map(DetachResponse::getBatch).toList());
    Expect.equal("state", ContributorState.CONTRIBUTOR_STATE_DETACHED, status().getState());
  }

  /** How fast to relay. */
  public static TransferShare share(long bytesPerSecond) {
    return TransferShare.newBuilder().setMostBytesPerSecond(bytesPerSecond).build();
  }

  /** The header of a relay list. */
  public RelayRequest header(TransferShare share) {
    return RelayRequest.newBuilder()
        .setHeader(RelayRequest.Header.newBuilder().setAttempt(migration.attempt()).setShare(share))
        .build();
  }

  /** A part of a relay list with these pages of the first block. */
  public static RelayRequest pages(long first, long count) {
    return RelayRequest.newBuilder()
        .setPages(RelayRequest.Pages.newBuilder().addExtents(extent(first, count)))
        .build();
  }

  /** Pages of the first block. */
  public static Extent extent(long first, long count) {
    return Extent.newBuilder().setFirstPage(first).setPageCount(count).build();
  }

  /** Sends a relay list. */
  public Answer<RelayResponse> relay(RelayRequest... list) {
    return trial.call(ContributorServiceGrpc.getRelayMethod(), List.of(list));
  }

  /** Has all that is held relayed. */
  public void relayed(TransferShare share) {
    RelayResponse response =
        Expect.one("Relay", relay(header(share), pages(0, TestGuest.FEWEST_PAGES)));
    Expect.equal("page_count in RelayResponse", TestGuest.FEWEST_PAGES, response.getPageCount());
  }

  /** Takes pages off the relay. */
  public Answer<SkipResponse> skip(Extent... extents) {
    return trial.call(
        ContributorServiceGrpc.getSkipMethod(),
        SkipRequest.newBuilder()
            .setAttempt(migration.attempt())
            .addAllExtents(List.of(extents))
            .build());
  }

  /** Asks for state and progress, without a limit. */
  public GetContributorStatusResponse status() {
    return status(TransferShare.getDefaultInstance());
  }

  /** Asks for state and progress, and says how fast to relay from now on. */
  public GetContributorStatusResponse status(TransferShare share) {
    return Expect.one("GetContributorStatus", askStatus(share));
  }

  /** As {@link #status(TransferShare)}, whatever comes of it. */
  public Answer<GetContributorStatusResponse> askStatus(TransferShare share) {
    return trial.call(
        ContributorServiceGrpc.getGetContributorStatusMethod(),
        GetContributorStatusRequest.newBuilder()
            .setAttempt(migration.attempt())
            .setShare(share)
            .build());
  }

  /** Waits until the relay has come to this state, whose status is looked at then. */
  public void comesTo(ContributorState state, Consumer<GetContributorStatusResponse> then) {
    GetContributorStatusResponse[] last = {status()};
    await(
        state.name(),
        () -> {
          last[0] = status();
          boolean over =
              last[0].getState() == ContributorState.CONTRIBUTOR_STATE_DRAINED
                  || last[0].getState() == ContributorState.CONTRIBUTOR_STATE_FAILED;
          Expect.that("state", !over || last[0].getState() == state, state.name(), text(last[0]));
          return last[0].getState() == state;
        });
    then.accept(last[0]);
  }

  private static String text(GetContributorStatusResponse status) {
    return (status.getState() + " " + status.getFailure()).strip();
  }

  /** Waits until the relay is drained: all pages that are left have come, and are right. */
  public void drains(long first, long count) {
    comesTo(
        ContributorState.CONTRIBUTOR_STATE_DRAINED,
        status -> {
          Expect.equal("waiting_pages", 0L, status.getWaitingPages());
          Expect.equal("relayed_pages", count, status.getRelayedPages());
        });
    came(first, count);
  }

  /** Checks that exactly these pages came, ascending, as they are held. */
  public void came(long first, long count) {
    long next = first;
    for (PageChunk chunk : chunks()) {
      Expect.equal("first_page of the next chunk", next, chunk.getFirstPage());
      right(chunk);
      next += chunk.getPageCount();
    }
    Expect.equal("page after the last that came", first + count, next);
  }

  /** Checks a chunk against what is held. */
  public void right(PageChunk chunk) {
    Expect.that(
        "pages of a chunk",
        chunk.getPageCount() >= 1 && chunk.getPageCount() <= 256,
        "1 to 256",
        Long.toUnsignedString(chunk.getPageCount()));
    Expect.equal("block of a chunk", 0, chunk.getBlock());
    Expect.equal("compression of a chunk", 0, chunk.getCompressionValue());
    Expect.equal(
        "checksum of a chunk", Chunks.crc32c(chunk.getPayload()), chunk.getPayloadCrc32C());
    for (int i = 0; i < chunk.getPageCount(); i++) {
      long page = chunk.getFirstPage() + i;
      Expect.that("page " + page, stored.containsKey(page), "a page that is held", "none");
      PageChunk held = stored.getOrDefault(page, chunk);
      Expect.equal("generation of page " + page, held.getGeneration(), chunk.getGeneration());
      Expect.that(
          "contents of page " + page,
          content(held, (int) (page - held.getFirstPage())).equals(content(chunk, i)),
          "as stored",
          "others");
    }
  }

  private static ByteString content(PageChunk chunk, int page) {
    int from = page * Geometry.PAGE_BYTES;
    int bytes = chunk.getPayload().size();
    return chunk
        .getPayload()
        .substring(Math.min(from, bytes), Math.min(from + Geometry.PAGE_BYTES, bytes));
  }

  /** Waits for something to come true. */
  public void await(String what, BooleanSupplier condition) {
    Expect.eventually(what, trial.target().timeout(), condition);
  }

  /** Checks that the relay has not begun, and begins when it is asked for in order. */
  public void notBegun() {
    Expect.equal("state", ContributorState.CONTRIBUTOR_STATE_DETACHED, status().getState());
    Expect.equal("transfers begun", List.of(), relayed.callers());
    relayed(TransferShare.getDefaultInstance());
    drains(0, TestGuest.FEWEST_PAGES);
  }

  /** Checks that a relay list is refused. */
  public void refused(Reason reason, RelayRequest... list) {
    Expect.refused("Relay", relay(list), reason);
  }
}
