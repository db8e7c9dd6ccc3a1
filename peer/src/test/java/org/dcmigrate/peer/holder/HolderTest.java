package org.dcmigrate.peer.holder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.dcmigrate.peer.client.Peers;
import org.dcmigrate.peer.config.Timeouts;
import org.dcmigrate.peer.decision.Acceptors;
import org.dcmigrate.peer.decision.Ballots;
import org.dcmigrate.peer.guest.Guests;
import org.dcmigrate.peer.journal.Journal;
import org.dcmigrate.peer.trace.Trace;
import org.dcmigrate.peer.transfer.CompressionMode;
import org.dcmigrate.peer.transfer.EgressLimiter;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Failure;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.GuestMetadata;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.RamBlock;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Electorate;
import org.dcmigrate.protocol.machine.HolderRecord;
import org.dcmigrate.protocol.machine.HolderState;
import org.dcmigrate.protocol.machine.SourceRecord;
import org.dcmigrate.protocol.machine.SourceState;
import org.dcmigrate.protocol.pages.PageDigest;
import org.dcmigrate.protocol.pages.PageSet;
import org.dcmigrate.protocol.rate.Share;
import org.dcmigrate.protocol.wire.TransferMessage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What comes at the wrong moment, while a slow part of the holder is at work. */
class HolderTest {
  private static final PeerId SELF = new PeerId("spiffe://test/peer/self");
  private static final PeerId SOURCE = new PeerId("spiffe://test/peer/source");
  private static final GuestMetadata METADATA =
      new GuestMetadata(
          "slow", new Geometry(List.of(new RamBlock("ram", 4096))), new TreeMap<>(), new byte[0]);
  private static final long PATIENCE_S = 20;

  private final MigrationId migration = new MigrationId(UUID.randomUUID());
  private final SlowAdapter adapter = new SlowAdapter();
  @TempDir private Path directory;
  private Journal journal;
  private Holders holders;
  private Holder holder;

  @BeforeEach
  void open() throws Exception {
    Files.createDirectories(directory.resolve("run"));
    journal =
        Journal.open(
            directory.resolve("journal.db"),
            failure -> {
              throw failure;
            });
    holders = holders();
    holder = opened(migration);
  }

  private Holders holders() {
    Peers peers =
        new Peers(
            new Peers.Peer("self", "127.0.0.1:1", SELF),
            List.of(),
            peer -> {
              throw new AssertionError("nobody is called");
            });
    Acceptors acceptors = new Acceptors(SELF, journal, 10, 10, Trace.NONE);
    return new Holders(
        new HolderContext(
            peers,
            journal,
            new Guests(10),
            List.of(adapter),
            directory.resolve("run"),
            0,
            new EgressLimiter(0, System::nanoTime),
            Timeouts.DEFAULT,
            acceptors,
            new Ballots(peers, acceptors),
            Trace.NONE,
            CompressionMode.OFF),
        10);
  }

  @AfterEach
  void close() {
    adapter.letGo();
    journal.close();
  }

  private Holder opened(MigrationId id) throws DcmException {
    holders.open(
        new Attempt(id, 1),
        SOURCE,
        List.of(),
        new Holder.Opening("guest", PageDigest.Algorithm.CRC64, Duration.ofSeconds(30)));
    return holders.find(id).orElseThrow();
  }

  @Test
  void aSecondMetadataBatchIsRefusedAndTheFirstIsAnswered() throws Exception {
    adapter.holdUp(SlowAdapter.Step.PREPARE);
    CompletableFuture<Boolean> first = inBackground(() -> holder.metadata(1, METADATA));
    adapter.awaitReached(SlowAdapter.Step.PREPARE);

    refused(Reason.STATE_CONFLICT, () -> holder.metadata(1, METADATA));
    adapter.letGo();

    assertThat(first.get(PATIENCE_S, TimeUnit.SECONDS)).isTrue();
    assertThat(holder.state()).isInstanceOf(HolderState.Receiving.class);
  }

  @Test
  void aPrepareThatComesToNothingIsRefusedBeforeItsDeviceState() throws Exception {
    refused(Reason.STATE_CONFLICT, () -> holder.announcePrepare(1));
    holder.metadata(1, METADATA);
    holder.announcePrepare(1);
    refused(Reason.STATE_CONFLICT, () -> holder.announcePrepare(2));
    holder.forget(1);
    refused(Reason.ATTEMPT_DISCARDED, () -> holder.announcePrepare(1));
  }

  @Test
  void aPeerThatStopsGivesUpBeforeItWipes() throws Exception {
    Replies replies = new Replies();
    long digest = prepared(replies);

    holders.stop();

    refused(Reason.ATTEMPT_DISCARDED, () -> holder.commit(1, digest, electorate(), replies));
    assertThat(journal.holders().getFirst().records().getLast())
        .isEqualTo(new HolderRecord.Forgot(1));
    assertThat(directory.resolve("run").resolve(migration.toString())).doesNotExist();
  }

  @Test
  void aCommitWhileTheGuestIsResumedDoesNotResumeItAgain() throws Exception {
    adapter.holdUp(SlowAdapter.Step.RESUME);
    long digest = prepared(new Replies());
    holder.commit(1, digest, electorate(), new Replies());
    holder.resolve(Choice.DESTINATION);
    adapter.awaitReached(SlowAdapter.Step.RESUME);

    Replies second = new Replies();
    holder.commit(1, digest, electorate(), second);
    adapter.letGo();

    assertThat(second.said.poll(PATIENCE_S, TimeUnit.SECONDS)).isEqualTo("running");
    assertThat(adapter.resumptions()).isEqualTo(1);
  }

  @Test
  void anOwnerTriesAgainByItselfToResumeItsGuest() throws Exception {
    adapter.failToResume(true);
    Replies replies = new Replies();
    long digest = prepared(replies);
    holder.commit(1, digest, electorate(), replies);
    holder.resolve(Choice.DESTINATION);
    assertThat(replies.said.poll(PATIENCE_S, TimeUnit.SECONDS)).isEqualTo("GUEST_FAILED");
    assertThat(holders.standingGuests())
        .containsExactly(new StandingGuest("guest", "slow", 4096, migration, "its disk is locked"));

    holders.tick(System.nanoTime() + Duration.ofSeconds(60).toNanos());
    awaitStandstill(2);
    adapter.failToResume(false);
    holders.tick(System.nanoTime() + Duration.ofSeconds(60).toNanos());
    awaitUntil(() -> holders.standingGuests().isEmpty());

    holder.commit(1, digest, electorate(), replies);
    assertThat(replies.said.poll(PATIENCE_S, TimeUnit.SECONDS)).isEqualTo("running");
    holders.tick(System.nanoTime() + Duration.ofSeconds(60).toNanos());
    assertThat(adapter.resumptions()).isEqualTo(3);
  }

  @Test
  void aGuestThatIsBeingGivenAwayIsNotTriedAgainUntilItIsKnownWhoHasIt() throws Exception {
    standsStillAfterRestart();
    MigrationId away = new MigrationId(UUID.randomUUID());
    journal.sourceGuest(away, journal.holders().getFirst().guest());
    journal.append(away, new SourceRecord.AttemptOpened(1, SOURCE, List.of(SOURCE)));
    journal.append(away, new SourceRecord.Granted(1, SOURCE, 1, Optional.empty()));
    adapter.letBeFound();
    holders.tick(System.nanoTime() + Duration.ofSeconds(60).toNanos());
    assertThat(isFailed(holders.find(migration).orElseThrow().state())).isTrue();

    // It is the source's again, and so this owner's.
    Failure why = new Failure(Reason.ATTEMPT_DISCARDED, "it was given up");
    journal.append(away, new SourceRecord.Ended(new SourceState.Result.Failed(why)));
    holders.tick(System.nanoTime() + Duration.ofSeconds(60).toNanos());
    awaitUntil(() -> holders.standingGuests().isEmpty());
  }

  @Test
  void aGuestThatHasLeftIsNotTriedAgain() throws Exception {
    standsStillAfterRestart();
    holders.guestLeft("guest");
    adapter.letBeFound();
    assertThat(holders.standingGuests()).isEmpty();
    holders.tick(System.nanoTime() + Duration.ofSeconds(60).toNanos());
    assertThat(isFailed(holders.find(migration).orElseThrow().state())).isTrue();
    assertThat(journal.holders().getFirst().records().getLast())
        .isInstanceOf(HolderRecord.GuestLeft.class);
  }

  private void standsStillAfterRestart() throws Exception {
    adapter.failToResume(true);
    Replies replies = new Replies();
    long digest = prepared(replies);
    holder.commit(1, digest, electorate(), replies);
    holder.resolve(Choice.DESTINATION);
    assertThat(replies.said.poll(PATIENCE_S, TimeUnit.SECONDS)).isEqualTo("GUEST_FAILED");
    holders = holders();
    holders.recover();
    awaitUntil(() -> isFailed(holders.find(migration).orElseThrow().state()));
  }

  private static boolean isFailed(HolderState state) {
    return state instanceof HolderState.Owned owned
        && owned.resumption() == HolderState.Resumption.FAILED;
  }

  private void awaitStandstill(int resumptions) {
    awaitUntil(() -> adapter.resumptions() == resumptions && isFailed(holder.state()));
  }

  private static void awaitUntil(BooleanSupplier reached) {
    long deadlineNs = System.nanoTime() + Duration.ofSeconds(PATIENCE_S).toNanos();
    while (!reached.getAsBoolean()) {
      assertThat(System.nanoTime()).as("not reached in time").isLessThan(deadlineNs);
      LockSupport.parkNanos(100_000);
    }
  }

  @Test
  void aPeerThatWasRestartedTriesToResumeWhatItOwnsAndGoesOnTrying() throws Exception {
    adapter.failToResume(true);
    Replies replies = new Replies();
    long digest = prepared(replies);
    holder.commit(1, digest, electorate(), replies);
    holder.resolve(Choice.DESTINATION);
    assertThat(replies.said.poll(PATIENCE_S, TimeUnit.SECONDS)).isEqualTo("GUEST_FAILED");

    holders = holders();
    holders.recover();
    assertThat(holders.standingGuests())
        .containsExactly(new StandingGuest("guest", "slow", 4096, migration, "it is gone"));
    adapter.letBeFound();
    holders.tick(System.nanoTime() + Duration.ofSeconds(1).toNanos());
    awaitUntil(() -> holders.standingGuests().isEmpty());
  }

  @Test
  void aGuestThatNeverRanIsGivenBack() throws Exception {
    adapter.neverRun();
    Replies replies = new Replies();
    long digest = prepared(replies);
    holder.commit(1, digest, electorate(), replies);
    holder.resolve(Choice.DESTINATION);

    assertThat(replies.said.poll(PATIENCE_S, TimeUnit.SECONDS)).isEqualTo("ATTEMPT_DISCARDED");
    refused(Reason.ATTEMPT_DISCARDED, () -> holder.commit(1, digest, electorate(), new Replies()));
  }

  @Test
  void anAbortAtAnyMomentOfTheSetUpLeavesNothing() throws Exception {
    for (int round = 0; round < 50; round++) {
      MigrationId id = new MigrationId(UUID.randomUUID());
      Holder other = opened(id);
      CompletableFuture<Boolean> metadata = inBackground(() -> other.metadata(1, METADATA));
      for (int spin = 0; spin < round * 1000; spin++) {
        Thread.onSpinWait();
      }
      other.forget(1);
      metadata.get(PATIENCE_S, TimeUnit.SECONDS);
      adapter.awaitIdle();
      assertThat(directory.resolve("run").resolve(id.toString())).doesNotExist();
    }
  }

  @Test
  void aSlowGuestHoldsUpNoOtherMigration() throws Exception {
    adapter.holdUp(SlowAdapter.Step.DISCARD);
    holder.metadata(1, METADATA);
    CompletableFuture<Boolean> aborted = inBackground(() -> holder.forget(1));
    adapter.awaitReached(SlowAdapter.Step.DISCARD);

    MigrationId other = new MigrationId(UUID.randomUUID());
    opened(other);
    holders.tick(System.nanoTime());
    assertThat(holders.find(other)).isPresent();
    assertThat(holders.activeCount()).isPositive();

    adapter.letGo();
    assertThat(aborted.get(PATIENCE_S, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aRelayThatComesTooLateIsRefused() throws Exception {
    holder.metadata(1, METADATA);
    holder.forget(1);
    refused(
        Reason.MIGRATION_UNKNOWN,
        () -> holder.relay(1, new PageSet(METADATA.geometry()), Share.NORMAL));
  }

  @Test
  void aPeerThatWasRestartedBeforeTheMetadataCanBeTheDestinationAgain() throws Exception {
    holders = holders();
    holders.recover();
    holders.open(
        new Attempt(migration, 2),
        SOURCE,
        List.of(),
        new Holder.Opening("guest", PageDigest.Algorithm.CRC64, Duration.ofSeconds(30)));
    holder = holders.find(migration).orElseThrow();
    holder.metadata(2, METADATA);
    assertThat(holder.state()).isInstanceOf(HolderState.Receiving.class);
  }

  @Test
  void anOpenThatItsAbortHasOvertakenOpensNothing() throws Exception {
    MigrationId late = new MigrationId(UUID.randomUUID());
    holders.forget(new Attempt(late, 1), SOURCE);
    refused(Reason.ALREADY_OPEN, () -> opened(late));
    assertThat(holders.find(late)).isEmpty();
    assertThat(journal.holders()).hasSize(1);
    holders.open(
        new Attempt(late, 2),
        SOURCE,
        List.of(),
        new Holder.Opening("guest", PageDigest.Algorithm.CRC64, Duration.ofSeconds(30)));
    assertThat(holders.find(late)).isPresent();
  }

  @Test
  void nobodyShutsOutTheMigrationOfAnother() throws Exception {
    MigrationId other = new MigrationId(UUID.randomUUID());
    holders.forget(new Attempt(other, 9), SELF);
    assertThat(opened(other).state()).isInstanceOf(HolderState.Opened.class);
  }

  @Test
  void whatWasForgottenLeavesTheJournalAfterAnHour() throws Exception {
    holder.metadata(1, METADATA);
    holder.forget(1);
    long nowNs = System.nanoTime();
    holders.tick(nowNs);
    holders.tick(nowNs + Duration.ofMinutes(59).toNanos());
    assertThat(journal.holders()).hasSize(1);
    holders.tick(nowNs + Duration.ofMinutes(61).toNanos());
    assertThat(journal.holders()).isEmpty();
    assertThat(holders.find(migration)).isEmpty();
  }

  @Test
  void whoHadTheGrantRemembersForEver() throws Exception {
    adapter.neverRun();
    Replies replies = new Replies();
    holder.commit(1, prepared(replies), electorate(), replies);
    holder.resolve(Choice.SOURCE);
    long nowNs = System.nanoTime();
    holders.tick(nowNs);
    holders.tick(nowNs + Duration.ofDays(1).toNanos());
    assertThat(journal.holders()).hasSize(1);
    assertThat(holders.find(migration)).isPresent();
  }

  @Test
  void pagesOfOneGuestAreNotTakenForThoseOfAnother() throws Exception {
    holder.metadata(1, METADATA);
    refused(
        Reason.FIELD_INVALID,
        () ->
            holders.open(
                new Attempt(migration, 2),
                SOURCE,
                List.of(),
                new Holder.Opening("other", PageDigest.Algorithm.CRC64, Duration.ofSeconds(30))));
  }

  private static Electorate electorate() {
    return new Electorate(SOURCE, SELF, Optional.empty());
  }

  private long prepared(Replies replies) throws Exception {
    holder.metadata(1, METADATA);
    holder.admit(1, SOURCE).write(TransferMessage.Chunk.zero(0, 0, 1, 1));
    long digest = holder.segments(1).orElseThrow().memoryDigest();
    holder.prepare(1, digest, new byte[0], replies);
    assertThat(replies.said.poll(PATIENCE_S, TimeUnit.SECONDS)).isEqualTo("prepared");
    return digest;
  }

  private interface Action {
    void run() throws Exception;
  }

  private static CompletableFuture<Boolean> inBackground(Action action) {
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    CountDownLatch started = new CountDownLatch(1);
    Thread.ofPlatform()
        .daemon()
        .start(
            () -> {
              started.countDown();
              try {
                action.run();
                done.complete(true);
              } catch (Exception refused) {
                done.complete(false);
              }
            });
    try {
      started.await();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    return done;
  }

  private static void refused(Reason reason, Action action) {
    assertThatExceptionOfType(DcmException.class)
        .isThrownBy(action::run)
        .matches(why -> why.reason() == reason, reason.name());
  }

  private static final class Replies implements SwitchoverReplies {
    private final BlockingQueue<String> said = new LinkedBlockingQueue<>();

    @Override
    public void prepared(long memoryDigest) {
      said.add("prepared");
    }

    @Override
    public void incomplete(long memoryDigest, long missingPages) {
      said.add("incomplete");
    }

    @Override
    public void running(Duration resume) {
      said.add("running");
    }

    @Override
    public void failed(Failure why) {
      said.add(why.reason().name());
    }
  }
}
