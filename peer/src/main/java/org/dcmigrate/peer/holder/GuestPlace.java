package org.dcmigrate.peer.holder;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.dcmigrate.peer.guest.GuestAdapter;
import org.dcmigrate.peer.guest.GuestShell;
import org.dcmigrate.peer.journal.Journal;
import org.dcmigrate.peer.memory.GuestHome;
import org.dcmigrate.peer.memory.PageStore;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.GuestMetadata;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.Reason;

/**
 * The guest's place at this peer, from its metadata to its running: makes home and memory, sets the
 * shell up, loads and resumes it, and finds it again or clears it away after a restart.
 *
 * <p>What is held changes under the holder's lock only, so that it stands still for whoever has the
 * lock. The slow methods are called without the lock and take it for that moment.
 */
final class GuestPlace {
  private final MigrationId migration;
  private final HolderContext context;
  private final Optional<Journal.GuestEntry> recovered;
  private final ReentrantLock lock;
  private Optional<HeldGuest> held = Optional.empty();
  private volatile Optional<GuestShell> found = Optional.empty();

  /**
   * A place where nothing is held yet.
   *
   * @param recovered what the journal tells of the guest, after a restart
   * @param lock the holder's lock
   */
  GuestPlace(
      MigrationId migration,
      HolderContext context,
      Optional<Journal.GuestEntry> recovered,
      ReentrantLock lock) {
    this.migration = migration;
    this.context = context;
    this.recovered = recovered;
    this.lock = lock;
  }

  /** The metadata of the guest held, if any is. */
  Optional<GuestMetadata> metadata() {
    return held().map(HeldGuest::metadata);
  }

  /** The kind of the guest held, or found in the journal after a restart. */
  String kind() {
    return metadata()
        .map(GuestMetadata::kind)
        .or(() -> recovered.map(Journal.GuestEntry::kind))
        .orElse("");
  }

  /** Its memory. */
  long memoryBytes() {
    return metadata()
        .map(GuestMetadata::geometry)
        .or(() -> recovered.map(Journal.GuestEntry::geometry))
        .map(Geometry::totalBytes)
        .orElse(0L);
  }

  /** Whether files of the guest are here, also such as could not be deleted. */
  boolean hasHome() {
    return Files.exists(directory());
  }

  /** The pages held, if any are. */
  Optional<PageStore> store() {
    return held().map(HeldGuest::store);
  }

  /** The pages held, where the machine has made sure that there are some. */
  PageStore requireStore() {
    return require().store();
  }

  // ---- Slow: without the holder's lock.

  /**
   * Makes the shell, and before it, unless an earlier epoch has, home and memory.
   *
   * @param wanted whether the epoch is still waited for; asked under the holder's lock
   */
  void setUpShell(
      long epoch, Holder.Opening opening, GuestMetadata metadata, BooleanSupplier wanted)
      throws DcmException {
    if (context.guests().has(opening.guestName())) {
      throw new DcmException(
          Reason.GUEST_EXISTS,
          "this peer runs a guest named %s already".formatted(opening.guestName()));
    }
    GuestAdapter adapter = adapter(metadata.kind());
    Optional<HeldGuest> before = held();
    HeldGuest guest = before.isPresent() ? before.get() : hold(opening, metadata, wanted);
    // Before there is a shell, so that a restart finds what a crash leaves of it.
    context
        .journal()
        .holderGuest(
            migration,
            new Journal.GuestEntry(opening.guestName(), metadata.kind(), metadata.geometry()));
    guest.setUpShell(adapter, opening.guestName(), epoch);
  }

  private HeldGuest hold(Holder.Opening opening, GuestMetadata metadata, BooleanSupplier wanted)
      throws DcmException {
    long bytes = metadata.geometry().totalBytes();
    if (context.memoryLimitBytes() > 0 && bytes > context.memoryLimitBytes()) {
      throw new DcmException(
          Reason.LIMIT_EXCEEDED,
          "the guest has %d bytes of memory, and this peer's limits.memoryBytes is %d"
              .formatted(bytes, context.memoryLimitBytes()));
    }
    checkSpace(bytes);
    // Together with the entry: whoever wipes either finds all of it or nothing.
    lock.lock();
    try {
      if (held.isPresent()) {
        return held.get();
      }
      if (!wanted.getAsBoolean()) {
        throw new DcmException(Reason.ATTEMPT_DISCARDED, "the attempt was given up meanwhile");
      }
      GuestHome home = GuestHome.open(directory(), metadata.geometry());
      held = Optional.of(new HeldGuest(metadata, home, opening.digest()));
      return held.get();
    } finally {
      lock.unlock();
    }
  }

  private void checkSpace(long bytes) throws DcmException {
    try {
      long free = Files.getFileStore(context.runDirectory()).getUsableSpace();
      if (free < bytes) {
        throw new DcmException(
            Reason.LIMIT_EXCEEDED,
            "the guest has %d bytes of memory, and %s has %d left; make room or redirect"
                .formatted(bytes, context.runDirectory(), free));
      }
    } catch (IOException unknown) {
      throw new DcmException(
          Reason.INTERNAL, "the space left for guests cannot be seen: " + unknown, unknown);
    }
  }

  /** Gives the shell its device state. */
  void load(byte[] deviceState) throws DcmException {
    require().load(deviceState);
  }

  /** Sets the guest running, or finds the one that ran here before a restart. */
  GuestShell.Resumption resume() throws DcmException {
    GuestShell.Resumption resumption = resumeShell();
    if (resumption instanceof GuestShell.Resumption.Done done) {
      context.guests().put(done.guest());
    }
    return resumption;
  }

  private GuestShell.Resumption resumeShell() throws DcmException {
    Optional<HeldGuest> here = held();
    if (here.isPresent()) {
      return here.get().resume();
    }
    if (found.isPresent()) {
      return found.get().resume();
    }
    return new GuestShell.Resumption.Done(
        afterRestart(
            (adapter, home) -> {
              String name = recovered.orElseThrow().name();
              return adapter.recover(name, home, !isGivenAway());
            }));
  }

  /**
   * Whether this peer has granted a guest of this name to another one and does not know the
   * outcome: then it may be found, but not set running.
   */
  boolean isGivenAway() throws DcmException {
    return recovered.isPresent()
        && context.journal().guestsGivenAway().contains(recovered.get().name());
  }

  /** Finds the guest that was loaded before a restart and has not run. */
  void find() throws DcmException {
    found =
        Optional.of(
            afterRestart((adapter, home) -> adapter.find(recovered.orElseThrow().name(), home)));
  }

  private interface Search<T> {
    T in(GuestAdapter adapter, GuestHome home) throws DcmException;
  }

  private <T> T afterRestart(Search<T> search) throws DcmException {
    Journal.GuestEntry entry =
        recovered.orElseThrow(
            () -> new DcmException(Reason.GUEST_FAILED, "what was held of the guest is gone"));
    if (!Files.exists(directory())) {
      throw new DcmException(
          Reason.GUEST_FAILED,
          "guest %s is gone: there is no %s".formatted(entry.name(), directory()));
    }
    GuestHome home = GuestHome.open(directory(), entry.geometry());
    try {
      return search.in(adapter(entry.kind()), home);
    } finally {
      // QEMU has its own mapping, and no other guest outlives its peer.
      home.close();
    }
  }

  // ---- Under the holder's lock.

  /** Ends the shell of this epoch; home and memory stay. */
  void discardShell(long epoch) {
    held().ifPresent(guest -> guest.discardShell(epoch));
  }

  /** Ends the shell; home and memory stay. */
  void discardShell() {
    held().ifPresent(HeldGuest::discardShell);
  }

  /** Deletes everything of a guest that has not come to run here. */
  void wipe() {
    lock.lock();
    try {
      held.ifPresent(HeldGuest::wipe);
      held = Optional.empty();
    } finally {
      lock.unlock();
    }
    found.ifPresent(GuestShell::discard);
    found = Optional.empty();
    if (recovered.isPresent()) {
      Orphans.remove(directory(), recovered.get(), context.adapters());
    }
  }

  // ---- Parts.

  private Optional<HeldGuest> held() {
    lock.lock();
    try {
      return held;
    } finally {
      lock.unlock();
    }
  }

  private HeldGuest require() {
    return held().orElseThrow(() -> new AssertionError("the machine asks for pages not held"));
  }

  private GuestAdapter adapter(String kind) throws DcmException {
    return context.adapters().stream()
        .filter(adapter -> adapter.kind().equals(kind))
        .findFirst()
        .orElseThrow(
            () ->
                new DcmException(
                    Reason.CAPABILITY_MISSING, "this peer cannot run guests of kind " + kind));
  }

  private Path directory() {
    return context.runDirectory().resolve(migration.toString());
  }
}
