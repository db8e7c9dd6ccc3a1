package org.dcmigrate.peer.guest.qemu;

import com.google.gson.JsonObject;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.Reason;

/**
 * Drives QEMU's side of a migration: starts its stream, again and again where need be, and knows
 * when QEMU has got over one.
 */
final class MigrationRun implements AutoCloseable {
  private static final Duration REFUSAL = Duration.ofSeconds(5);
  private static final Duration WINDING_DOWN = Duration.ofMinutes(10);
  private static final Qmp.Reply NOT_YET = new Qmp.Reply.Lost("");
  private static final long ANSWERS_WITHIN_NS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long STATUS_HOLDS_NS = TimeUnit.MILLISECONDS.toNanos(250);
  private static final Set<String> STOPPED_BY_MIGRATION = Set.of("finish-migrate", "postmigrate");
  private static final Set<String> OVER = Set.of("", "none", "completed", "failed", "cancelled");

  private final Qmp qmp;
  private final MigrationWatch watch;
  private final MemorySegment buffer;
  private final String name;
  private final Duration setUp;
  private int starts;
  private long askedPass;
  private long statusAskedNs;
  private boolean stoppedByMigration;
  private OptionalLong dirtyRate = OptionalLong.empty();
  private CompletableFuture<Qmp.Reply> lastAnswer = new CompletableFuture<>();
  private CompletableFuture<Qmp.Reply> statusAnswer = new CompletableFuture<>();
  private Optional<MigrationStream> stream = Optional.empty();
  private volatile boolean broken;
  private volatile boolean settingUp;

  /**
   * @param name tells this migration's descriptors from those of earlier ones
   * @param setUp how long QEMU may take from the command to the end of the RAM set-up
   */
  MigrationRun(Qmp qmp, MigrationWatch watch, Arena arena, String name, Duration setUp) {
    this.qmp = qmp;
    this.watch = watch;
    this.buffer = MigrationStream.buffer(arena);
    this.name = name;
    this.setUp = setUp;
  }

  /** Starts a stream, and reads it up to the end of the RAM set-up. */
  StreamRecord.Setup start() throws DcmException {
    if (starts == 0) {
      // Of a guest that was given away and taken back; later streams come after stop.
      awaitCleanUp();
    }
    watch.reset();
    statusAskedNs = 0;
    statusAnswer = new CompletableFuture<>();
    stoppedByMigration = false;
    starts++;
    long deadline = System.nanoTime() + setUp.toNanos();
    settingUp = true;
    Duration patience = setUp.compareTo(Qmp.PATIENCE) > 0 ? setUp : Qmp.PATIENCE;
    MigrationStream fresh = MigrationStream.start(qmp, name + "-" + starts, buffer, patience);
    stream = Optional.of(fresh);
    // From QEMU 8 on the set-up is written under the lock that the monitor needs too.
    while (true) {
      StreamRecord record = fresh.next();
      if (record instanceof StreamRecord.Setup setup) {
        settingUp = false;
        return setup;
      }
      checkHealth();
      if (System.nanoTime() > deadline) {
        throw new DcmException(
            Reason.GUEST_FAILED,
            ("QEMU did not set its migration up within %d ms; raise timeouts.guestSetUp, but the"
                    + " guest may stand still meanwhile: without KVM, QEMU takes long for memory"
                    + " whose size is no multiple of 256 KiB")
                .formatted(setUp.toMillis()));
      }
      fresh.fill(Geometry.PAGE_BYTES, 20);
    }
  }

  /** The stream, while there is one. */
  Optional<MigrationStream> stream() {
    return stream;
  }

  /** Throws what broke the migration, if something did. */
  void checkHealth() throws DcmException {
    if (broken) {
      throw new DcmException(Reason.GUEST_FAILED, "the migration was ended at its source");
    }
    if (qmp.lost().isDone()) {
      throw new DcmException(
          Reason.GUEST_FAILED,
          ("the connection to QEMU was lost in mid-migration (%s); check whether the guest"
                  + " still runs")
              .formatted(qmp.lost().join()));
    }
    if (watch.seen().broken()) {
      JsonObject view = qmp.execute("query-migrate").getAsJsonObject();
      String why = MigrationWatch.text(view, "error-desc");
      throw new DcmException(
          Reason.GUEST_FAILED,
          "QEMU broke the migration off (%s); the guest runs on at the source"
              .formatted(why.isEmpty() ? watch.seen().status() : why));
    }
  }

  /** Sets how long the guest may stand still, without waiting: QEMU may be unable to answer. */
  void setDowntime(Duration limit) {
    var _ = qmp.send("migrate-set-parameters", MigrationSettings.downtime(limit));
  }

  /** Asks QEMU for what is left, when a pass has begun; the answer comes later. */
  void followPasses() {
    long pass = watch.seen().passes();
    if (pass != askedPass) {
      askedPass = pass;
      lastAnswer = qmp.send("query-migrate", new JsonObject());
    }
  }

  /** Dirty pages when this pass had ended, as far as QEMU has said; 0 where it has not. */
  long remainingPages(int endedPass) {
    followPasses();
    if (askedPass <= endedPass) {
      return 0;
    }
    return remaining(lastAnswer.getNow(NOT_YET)).orElse(0L) / Geometry.PAGE_BYTES;
  }

  /**
   * As QEMU counted it when it last collected the dirty pages, over a second or more; empty before
   * the first pass has ended.
   */
  OptionalLong dirtyPagesPerSecond() {
    // The first pass of a stream begins with a count of its own, of nothing.
    if (askedPass > 1
        && lastAnswer.getNow(NOT_YET) instanceof Qmp.Reply.Done done
        && done.value().getAsJsonObject().get("ram") instanceof JsonObject ram
        && ram.has("dirty-pages-rate")) {
      dirtyRate = OptionalLong.of(ram.get("dirty-pages-rate").getAsLong());
    }
    return dirtyRate;
  }

  private static Optional<Long> remaining(Qmp.Reply reply) {
    return reply instanceof Qmp.Reply.Done done
            && done.value().getAsJsonObject().get("ram") instanceof JsonObject ram
        ? Optional.of(ram.get("remaining").getAsLong())
        : Optional.empty();
  }

  /**
   * Whether QEMU has stopped the guest to end its migration. While it writes the last pages it does
   * not answer; where somebody else has stopped the guest, it says so.
   */
  boolean hasStoppedGuest() {
    if (!watch.seen().stopped()) {
      return false;
    }
    long silentNs = System.nanoTime() - statusAskedNs;
    if (statusAnswer.getNow(NOT_YET) instanceof Qmp.Reply.Done done) {
      String status = MigrationWatch.text(done.value().getAsJsonObject(), "status");
      stoppedByMigration = STOPPED_BY_MIGRATION.contains(status);
    } else if (statusAskedNs != 0) {
      return stoppedByMigration || silentNs > ANSWERS_WITHIN_NS;
    }
    if (statusAskedNs == 0 || silentNs > STATUS_HOLDS_NS) {
      statusAskedNs = System.nanoTime();
      statusAnswer = qmp.send("query-status", new JsonObject());
    }
    return stoppedByMigration;
  }

  /** Memory that QEMU has still to send; empty when it does not say, for it is about to stop. */
  Optional<Long> remainingBytes(Duration patience) {
    try {
      return remaining(
          qmp.send("query-migrate", new JsonObject())
              .get(patience.toMillis(), TimeUnit.MILLISECONDS));
    } catch (TimeoutException | ExecutionException silent) {
      return Optional.empty();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  /** Whether QEMU was told to migrate and has not begun its stream; it may answer nothing then. */
  boolean settingUp() {
    return settingUp;
  }

  /** Ends the stream, refusing the guest, and waits until QEMU has got over it. */
  void stop() throws DcmException {
    stream.ifPresent(one -> one.refuse(REFUSAL));
    stream = Optional.empty();
    settle();
  }

  /** The same for a QEMU that is setting its migration up, and hears of nothing until it has. */
  void giveUp() throws DcmException {
    CompletableFuture<Qmp.Reply> cancelled = qmp.send("migrate_cancel", new JsonObject());
    stream.ifPresent(one -> one.refuse(WINDING_DOWN));
    stream = Optional.empty();
    qmp.await("migrate_cancel", cancelled, WINDING_DOWN);
    settle();
    settingUp = false;
  }

  private void settle() throws DcmException {
    watch.askUntil(
        qmp,
        "query-migrate",
        view -> OVER.contains(MigrationWatch.text(view, "status")),
        Qmp.PATIENCE);
    awaitCleanUp();
    // The status changes a moment before the guest is set running again.
    watch.askUntil(
        qmp,
        "query-status",
        view -> !MigrationWatch.text(view, "status").equals("finish-migrate"),
        Qmp.PATIENCE);
  }

  /** The status changes early; until QEMU has also cleaned up it refuses the next migration. */
  private void awaitCleanUp() throws DcmException {
    watch.askAllUntil(
        qmp,
        "query-yank",
        list ->
            list.asList().stream()
                .noneMatch(
                    one -> MigrationWatch.text(one.getAsJsonObject(), "type").equals("migration")),
        Qmp.PATIENCE);
  }

  /**
   * Tells QEMU that the guest was taken, and waits until it has understood.
   *
   * @throws DcmException GUEST_FAILED when it has not, or may not have
   */
  void hand() throws DcmException {
    stream.orElseThrow().answer(true);
    JsonObject view =
        watch.askUntil(
            qmp,
            "query-migrate",
            one -> OVER.contains(MigrationWatch.text(one, "status")),
            Qmp.PATIENCE);
    if (!MigrationWatch.text(view, "status").equals("completed")) {
      settle();
      throw new DcmException(
          Reason.GUEST_FAILED, "QEMU did not give the guest away; it runs on at the source");
    }
    // Nothing waits for QEMU to clean up: the guest stands still meanwhile.
    close();
  }

  /** Makes whoever waits for the stream end soon; any thread may call it. */
  void interrupt() {
    broken = true;
    watch.wake();
  }

  @Override
  public void close() {
    stream.ifPresent(MigrationStream::close);
    stream = Optional.empty();
  }
}
