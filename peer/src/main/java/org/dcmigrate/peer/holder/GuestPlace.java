package org.dcmigrate.peer.holder;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.dcmigrate.peer.guest.Guest;
import org.dcmigrate.peer.guest.GuestAdapter;
import org.dcmigrate.peer.journal.Journal;
import org.dcmigrate.peer.memory.GuestHome;
import org.dcmigrate.peer.memory.PageStore;
import org.dcmigrate.protocol.DcmException;
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

  /** The pages held, if any are. */
  Optional<PageStore> store() {
    return held().map(HeldGuest::store);
  }

  /** The pages held, where the machine has made sure that there are some. */
  PageStore requireStore() {
    return require().store();
  }

  // ---- Slow: without the holder's lock.

  /** Makes the shell, and before it, unless an earlier epoch has, home and memory. */
  void setUpShell(Holder.Opening opening, GuestMetadata metadata) throws DcmException {
    if (context.guests().has(opening.guestName())) {
      throw new DcmException(
          Reason.GUEST_EXISTS,
          "this peer runs a guest named %s already".formatted(opening.guestName()));
    }
    GuestAdapter adapter = adapter(metadata.kind());
    Optional<HeldGuest> before = held();
    HeldGuest guest = before.isPresent() ? before.get() : hold(opening, metadata);
    // Before there is a shell, so that a restart finds what a crash leaves of it.
    context
        .journal()
        .holderGuest(
            migration,
            new Journal.GuestEntry(opening.guestName(), metadata.kind(), metadata.geometry()));
    guest.setUpShell(adapter, opening.guestName());
  }

  private HeldGuest hold(Holder.Opening opening, GuestMetadata metadata) throws DcmException {
    long bytes = metadata.geometry().totalBytes();
    if (context.memoryLimitBytes() > 0 && bytes > context.memoryLimitBytes()) {
      throw new DcmException(
          Reason.LIMIT_EXCEEDED,
          "the guest has %d bytes of memory, and this peer's limits.memoryBytes is %d"
              .formatted(bytes, context.memoryLimitBytes()));
    }
    GuestHome home = GuestHome.open(directory(), metadata.geometry());
    HeldGuest guest = new HeldGuest(metadata, home, opening.digest());
    lock.lock();
    try {
      held = Optional.of(guest);
    } finally {
      lock.unlock();
    }
    return guest;
  }

  /** Gives the shell its device state. */
  void load(byte[] deviceState) throws DcmException {
    require().load(deviceState);
  }

  /** Sets the guest running, or finds the one that ran here before a restart. */
  void resume() throws DcmException {
    Optional<HeldGuest> here = held();
    Guest guest = here.isPresent() ? here.get().resume() : recover();
    context.guests().put(guest);
  }

  private Guest recover() throws DcmException {
    Journal.GuestEntry entry = recovered.orElseThrow();
    return adapter(entry.kind())
        .recover(
            entry.name(),
            GuestHome.open(directory(), entry.geometry()),
            !context.givenAway().contains(entry.name()));
  }

  // ---- Under the holder's lock.

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
